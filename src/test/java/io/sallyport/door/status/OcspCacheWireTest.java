package io.sallyport.door.status;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Patience;
import io.sallyport.testing.StatusClient;
import java.io.IOException;
import java.math.BigInteger;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that are kept: given again while they are true, and never after a revocation was answered. */
@QuarkusTest
class OcspCacheWireTest extends StatusServerTest {
  private static final int CERTIFICATES = 8;
  private static final int CLIENTS = 4;
  private static final byte[] NONCE = {1, 2, 3, 4, 5, 6, 7, 8};

  private static String path(byte[] request) {
    return "/ocsp/"
        + URLEncoder.encode(Base64.getEncoder().encodeToString(request), StandardCharsets.UTF_8);
  }

  private byte[] about(X509Certificate certificate) {
    return StatusClient.request(StatusClient.SHA_1, devices, null, certificate.getSerialNumber());
  }

  private byte[] post(byte[] request) {
    return status
        .send("POST", "/ocsp", request, "Content-Type", "application/ocsp-request")
        .body();
  }

  private static Object told(byte[] answer) {
    Object said =
        StatusClient.basic(StatusClient.read(answer)).getResponses()[0].getCertStatus();
    return said == null ? "good" : said;
  }

  @Test
  void theSameAnswerIsGivenAgainByGetAndByPost() {
    byte[] request = about(certificate());

    // Each signature is another one, so equal octets were signed once.
    Patience.untilTrue(
        "one answer for all", () -> Arrays.equals(status.get(path(request)).body(), post(request)));
  }

  @Test
  void whoHasTheAnswerAlreadyIsToldSo() {
    byte[] request = about(certificate());

    HttpResponse<byte[]> again = Patience.until("a kept answer", () -> {
      String etag = CacheHeaders.header(status.get(path(request)), "ETag");
      HttpResponse<byte[]> second = status.get(path(request), "If-None-Match", "\"x\", W/" + etag);
      return second.statusCode() == 304 ? Optional.of(second) : Optional.empty();
    });

    assertEquals(0, again.body().length);
    assertTrue(CacheHeaders.header(again, "Cache-Control").contains("max-age="));
    assertTrue(CacheHeaders.header(again, "ETag").startsWith("\""));
    assertEquals(200, status.get(path(request), "If-None-Match", "\"another\"").statusCode());
  }

  @Test
  void headTellsWhatGetWouldTell() {
    HttpResponse<byte[]> head = status.send("HEAD", path(about(certificate())), NOTHING);

    assertEquals(200, head.statusCode());
    assertEquals("application/ocsp-response", CacheHeaders.header(head, "Content-Type"));
    assertTrue(CacheHeaders.header(head, "ETag").startsWith("\""));
  }

  @Test
  void aRevocationIsToldAtOnceByGetAndByPost() {
    X509Certificate certificate = certificate();
    byte[] request = about(certificate);
    assertEquals("good", told(status.get(path(request)).body()));
    assertEquals("good", told(post(request)));

    revoke(certificate, "key-compromise");

    RevokedStatus byGet =
        assertInstanceOf(RevokedStatus.class, told(status.get(path(request)).body()));
    assertEquals(1, byGet.getRevocationReason());
    assertInstanceOf(RevokedStatus.class, told(post(request)));
  }

  /** Law 5 on the node that commits: many ask while certificates are revoked one after the other. */
  @Test
  void noGoodIsToldOnceTheRevocationWasAnswered() throws Exception {
    List<X509Certificate> certificates = new ArrayList<>();
    for (int i = 0; i < CERTIFICATES; i++) {
      certificates.add(certificate());
    }
    Set<BigInteger> answered = ConcurrentHashMap.newKeySet();
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger goods = new AtomicInteger();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> asking = new ArrayList<>();
      for (int client = 0; client < CLIENTS; client++) {
        boolean posts = client % 2 == 0;
        asking.add(clients.submit(() -> {
          while (!over.get()) {
            for (X509Certificate certificate : certificates) {
              byte[] request = about(certificate);
              boolean after = answered.contains(certificate.getSerialNumber());
              Object said =
                  told(posts ? post(request) : status.get(path(request)).body());
              if (said.equals("good")) {
                goods.incrementAndGet();
                assertTrue(!after, "good was told after the revocation was answered");
              }
            }
          }
        }));
      }
      try {
        Patience.untilTrue("all are asked about", () -> goods.get() > CERTIFICATES * CLIENTS);
        for (X509Certificate certificate : certificates) {
          revoke(certificate, "superseded");
          answered.add(certificate.getSerialNumber());
        }
      } finally {
        over.set(true);
      }
      for (Future<?> client : asking) {
        client.get();
      }
    }
    for (X509Certificate certificate : certificates) {
      assertInstanceOf(RevokedStatus.class, told(post(about(certificate))));
    }
  }

  @Test
  void severalCertificatesAreToldAsTheyAreNow() {
    X509Certificate one = certificate();
    X509Certificate other = certificate();
    byte[] request = StatusClient.request(
        StatusClient.SHA_256, devices, null, one.getSerialNumber(), other.getSerialNumber());
    StatusClient.basic(StatusClient.read(post(request)));

    revoke(other, "superseded");

    BasicOCSPResp answer = StatusClient.basic(StatusClient.read(post(request)));
    assertNull(answer.getResponses()[0].getCertStatus());
    assertInstanceOf(RevokedStatus.class, answer.getResponses()[1].getCertStatus());
  }

  /** As FreeRADIUS asks by way of OpenSSL's client: HTTP/1.0, SHA-1, a nonce of eight octets. */
  @ParameterizedTest
  @ValueSource(strings = {"", "Host: status.plant.example\r\n", "Host: 127.0.0.1:80\r\n"})
  void aRequestInTheOldWayIsAnsweredAndTheConnectionEnds(String host) throws IOException {
    byte[] request =
        StatusClient.request(StatusClient.SHA_1, devices, NONCE, certificate().getSerialNumber());

    byte[] answer = byHttp10(request, host);

    BasicOCSPResp basic = StatusClient.basic(StatusClient.read(answer));
    assertNull(basic.getResponses()[0].getCertStatus());
    assertArrayEquals(
        NONCE,
        ASN1OctetString.getInstance(
                basic.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce).getParsedValue())
            .getOctets());
  }

  @Test
  void aKeptAnswerIsGivenByHttp10Too() throws IOException {
    byte[] request = about(certificate());
    post(request);

    assertEquals("good", told(byHttp10(request, "")));
  }

  private byte[] byHttp10(byte[] request, String host) throws IOException {
    URI address = URI.create(wire.status());
    try (Socket socket = new Socket(address.getHost(), address.getPort())) {
      String head = "POST /ocsp HTTP/1.0\r\n" + host
          + "Content-Type: application/ocsp-request\r\nContent-Length: " + request.length
          + "\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(request);
      socket.getOutputStream().flush();
      // To the end of the connection, which the server closes.
      byte[] all = socket.getInputStream().readAllBytes();
      String text = new String(all, StandardCharsets.ISO_8859_1);
      int body = text.indexOf("\r\n\r\n") + 4;
      assertTrue(text.startsWith("HTTP/1.") && text.contains(" 200 "), text);
      assertEquals(
          Map.of("content-length", all.length - body),
          Map.of("content-length", length(text.substring(0, body))));
      return Arrays.copyOfRange(all, body, all.length);
    }
  }

  private static int length(String head) {
    return head.lines()
        .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:"))
        .map(line -> Integer.parseInt(line.substring(line.indexOf(':') + 1).strip()))
        .findFirst()
        .orElse(-1);
  }

  @Test
  void whatIsKeptIsTheAnswerToExactlyThatRequest() {
    X509Certificate certificate = certificate();
    byte[] sha1 = about(certificate);
    byte[] sha256 =
        StatusClient.request(StatusClient.SHA_256, devices, null, certificate.getSerialNumber());
    post(sha1);
    post(sha256);

    assertEquals(
        StatusClient.SHA_256,
        StatusClient.basic(StatusClient.read(post(sha256)))
            .getResponses()[0]
            .getCertID()
            .getHashAlgOID());
    assertEquals(
        StatusClient.SHA_1,
        StatusClient.basic(StatusClient.read(post(sha1)))
            .getResponses()[0]
            .getCertID()
            .getHashAlgOID());
  }
}

package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.Base64;
import java.util.Map;
import java.util.function.Function;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.DERPrintableString;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proof of possession that is linked to the TLS connection (RFC 7030 §3.5, RFC 9266). */
@QuarkusTest
class EstBindingConformanceTest extends EstServerTest {
  private static final String LABEL = "est-binding";

  private boolean labelled;

  @BeforeEach
  void label() {
    if (labelled) {
      return;
    }
    labelled = true;
    wire.document("/api/v1/certificate-profiles/" + LABEL, """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          subject: [{serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
          enrollment: {channelBinding: required}
        """.formatted(LABEL));
    wire.document("/api/v1/profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec: {certificateProfiles: [device, est-binding]}
        """.formatted(PROFILE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void aRequestBoundToItsConnectionIsCertified(String protocol) throws IOException {
    Unit unit = unit();

    Answer answer =
        send(wire.tls(unit.idevid()), protocol, LABEL, exporter -> bound(TestPki.key(), exporter));

    assertEquals(200, answer.status, answer.body);
    assertEquals(1, certificates(unit));
  }

  @Test
  void aRequestForAnotherConnectionIsRefused() throws IOException {
    Unit unit = unit();
    SSLContext tls = wire.tls(unit.idevid());
    KeyPair keys = TestPki.key();
    String[] first = {""};
    send(tls, "TLSv1.3", "device", exporter -> {
      first[0] = exporter;
      return request(keys, new X500Name(""), null, Map.of());
    });

    Answer answer = send(tls, "TLSv1.3", LABEL, exporter -> {
      assertTrue(!exporter.equals(first[0]), "two connections, two values");
      return bound(keys, first[0]);
    });

    assertEquals(400, answer.status, answer.body);
    awaitRefusal(unit.id(), "enrollment.refused", "not-bound");
  }

  @Test
  void whatIsMissingOrSomethingElseIsRefused() throws IOException {
    Unit unit = unit();
    SSLContext tls = wire.tls(unit.idevid());
    KeyPair keys = TestPki.key();

    for (String challenge : new String[] {null, "", "secret", "A".repeat(256)}) {
      Answer answer = send(tls, "TLSv1.3", LABEL, exporter -> bound(keys, challenge));
      assertEquals(400, answer.status, answer.body);
    }
    // What tls-unique would be: 12 octets.
    Answer unique = send(
        tls,
        "TLSv1.2",
        LABEL,
        exporter -> bound(keys, Base64.getEncoder().encodeToString(new byte[12])));
    assertEquals(400, unique.status);
    assertTrue(unique.body.contains("tls-unique is not supported"), unique.body);
    assertEquals(0, certificates(unit));
  }

  @Test
  void twoChallengePasswordsAreNone() throws IOException {
    Unit unit = unit();
    KeyPair keys = TestPki.key();

    Answer answer = send(
        wire.tls(unit.idevid()),
        "TLSv1.3",
        LABEL,
        exporter -> request(
            keys,
            new X500Name(""),
            null,
            Map.of(
                PKCSObjectIdentifiers.pkcs_9_at_challengePassword, new DERSet(new DERUTF8String[] {
                  new DERUTF8String(exporter), new DERUTF8String("other")
                }))));

    assertEquals(400, answer.status, answer.body);
  }

  @Test
  void whereItIsNotAskedForItIsNotLookedAt() throws IOException {
    Unit unit = unit();

    assertEquals(
        200,
        send(
                wire.tls(unit.idevid()),
                "TLSv1.3",
                "device",
                exporter -> bound(TestPki.key(), "anything"))
            .status);
  }

  @Test
  void aRenewalIsBoundToo() throws IOException {
    Unit unit = unit();
    Identity current = enrolled(unit);
    X500Name subject =
        X500Name.getInstance(current.certificate().getSubjectX500Principal().getEncoded());

    assertEquals(
        400,
        sendTo(
                "simplereenroll",
                wire.tls(current),
                "TLSv1.3",
                LABEL,
                exporter -> request(TestPki.key(), subject, null, Map.of()))
            .status);
    assertEquals(
        200,
        sendTo(
                "simplereenroll",
                wire.tls(current),
                "TLSv1.3",
                LABEL,
                exporter -> request(
                    TestPki.key(),
                    subject,
                    null,
                    Map.of(
                        PKCSObjectIdentifiers.pkcs_9_at_challengePassword,
                        new DERPrintableString(exporter))))
            .status);
  }

  private static byte[] bound(KeyPair keys, @Nullable String challenge) {
    return request(
        keys,
        new X500Name(""),
        null,
        challenge == null
            ? Map.of()
            : Map.of(
                PKCSObjectIdentifiers.pkcs_9_at_challengePassword,
                new DERPrintableString(challenge)));
  }

  private record Answer(int status, String body) {}

  private Answer send(
      SSLContext tls, String protocol, String label, Function<String, byte[]> request)
      throws IOException {
    return sendTo("simpleenroll", tls, protocol, label, request);
  }

  /** One connection, whose exporter value the request is made with. */
  private Answer sendTo(
      String operation,
      SSLContext tls,
      String protocol,
      String label,
      Function<String, byte[]> request)
      throws IOException {
    URI server = URI.create(wire.devices());
    try (SSLSocket socket =
        (SSLSocket) tls.getSocketFactory().createSocket(server.getHost(), server.getPort())) {
      socket.setSoTimeout(20_000);
      socket.setEnabledProtocols(new String[] {protocol});
      socket.startHandshake();
      byte[] exporter = ((ExtendedSSLSession) socket.getSession())
          .exportKeyingMaterialData("EXPORTER-Channel-Binding", new byte[0], 32);
      byte[] body = base64(request.apply(Base64.getEncoder().encodeToString(exporter)));
      socket
          .getOutputStream()
          .write(("POST /.well-known/est/" + label + "/" + operation
                  + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                  + "Content-Type: application/pkcs10\r\nContent-Length: " + body.length
                  + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(body);
      socket.getOutputStream().flush();
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(answer);
      String text = answer.toString(StandardCharsets.US_ASCII);
      return new Answer(Integer.parseInt(text.split(" ", 3)[1]), text);
    }
  }
}

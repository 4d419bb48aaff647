package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;

/** A manufacturer and a device profile for each class of EST tests, and what these tests say often. */
abstract class EstServerTest extends ServerTest {
  static final String PROFILE = "est-device";

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final AtomicInteger units = new AtomicInteger();
  private boolean registered;

  @SuppressWarnings("NullAway.Init")
  Manufacturer maker;

  /** A registered device with its IDevID. */
  record Unit(String id, String serialNumber, Identity idevid) {}

  @BeforeEach
  void register() {
    if (registered) {
      return;
    }
    registered = true;
    maker = TestPki.manufacturer(getClass().getSimpleName());
    wire.register(maker);
    wire.document("/api/v1/profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        """.formatted(PROFILE));
  }

  Unit unit() {
    String serialNumber = getClass().getSimpleName() + "-" + units.getAndIncrement();
    return new Unit(
        wire.register(maker, serialNumber, PROFILE), serialNumber, maker.idevid(serialNumber));
  }

  Identity enrolled(Unit unit) {
    return wire.enroll(unit.idevid(), TestPki.key(), unit.serialNumber());
  }

  String token(Unit unit) {
    return wire.admin("POST", "/api/v1/enrollment-tokens", Map.of("device", unit.id()))
        .get("token")
        .asText();
  }

  void decommission(Unit unit) {
    wire.admin("POST", "/api/v1/devices/" + unit.id() + "/decommission", Map.of("reason", "test"));
  }

  void revoke(X509Certificate certificate) {
    wire.admin(
        "POST",
        "/api/v1/certificates/devices/" + certificate.getSerialNumber().toString(16) + "/revoke",
        Map.of("reason", "cessation-of-operation"));
  }

  HttpResponse<byte[]> enroll(Identity identity, KeyPair keys) {
    return wire.est("simpleenroll", identity, null, TestPki.request(keys, "", null));
  }

  HttpResponse<byte[]> renew(Identity current, KeyPair keys) {
    return wire.est("simplereenroll", current, null, renewal(keys, current.certificate()));
  }

  /** A request that names exactly what {@code current} names. */
  static byte[] renewal(KeyPair keys, X509Certificate current) {
    return request(
        keys, X500Name.getInstance(current.getSubjectX500Principal().getEncoded()), null, Map.of());
  }

  static byte[] request(
      KeyPair keys,
      X500Name subject,
      @Nullable GeneralNames names,
      Map<ASN1ObjectIdentifier, ASN1Encodable> attributes) {
    try {
      var builder = new JcaPKCS10CertificationRequestBuilder(subject, keys.getPublic());
      if (names != null) {
        ExtensionsGenerator extensions = new ExtensionsGenerator();
        extensions.addExtension(Extension.subjectAlternativeName, false, names);
        builder.addAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
      }
      attributes.forEach(builder::addAttribute);
      return builder.build(TestPki.signer(keys)).getEncoded();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** One request with headers given as name, value, name, value. */
  HttpResponse<byte[]> send(
      @Nullable Identity identity, String method, String path, byte[] body, String... headers) {
    HttpRequest.Builder request = wire.device(path)
        .method(
            method,
            body.length == 0
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofByteArray(body));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return wire.send(identity, request.build());
  }

  static X509Certificate issued(HttpResponse<byte[]> response) {
    assertEquals(200, response.statusCode(), () -> text(response));
    List<X509Certificate> certificates = Wire.certificates(response.body());
    assertEquals(1, certificates.size());
    return certificates.getFirst();
  }

  /** Refused with this status, and with one sentence that tells nothing about the inside. */
  static void assertRefused(int status, HttpResponse<byte[]> response) {
    String text = text(response);
    assertEquals(status, response.statusCode(), text);
    assertTrue(
        response.headers().firstValue("Content-Type").orElse("").startsWith("text/plain"),
        "not text/plain");
    assertTrue(text.endsWith(".\n") && text.lines().count() == 1, text);
    assertFalse(
        text.contains("Exception")
            || text.contains("java.")
            || text.contains("io.sallyport")
            || text.contains("\tat "),
        text);
    if (status == 401) {
      assertEquals(
          "Basic realm=\"sallyport\"",
          response.headers().firstValue("WWW-Authenticate").orElse("none"));
    }
  }

  static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  static byte[] base64(byte[] der) {
    return Base64.getEncoder().encode(der);
  }

  /** How many certificates the inventory has for a device. */
  int certificates(Unit unit) {
    return wire.admin("GET", "/api/v1/devices/" + unit.id(), null)
        .get("certificates")
        .size();
  }

  String state(Unit unit) {
    return wire.admin("GET", "/api/v1/devices/" + unit.id(), null).get("state").asText();
  }

  /** Waits for a fact of this kind about {@code subject} that names this problem. */
  void awaitRefusal(String subject, String kind, String problem) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < end) {
      JsonNode items = wire.admin(
              "GET", "/api/v1/audit/facts?subject=" + subject + "&kind=" + kind, null)
          .get("items");
      for (JsonNode fact : items) {
        if (fact.get("detail").get("problem").asText().equals(problem)) {
          return;
        }
      }
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
    throw new AssertionError("no fact " + kind + " about " + subject + " that names " + problem);
  }
}

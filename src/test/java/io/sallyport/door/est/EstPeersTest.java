package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.testing.TestPki.Identity;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.x500.X500Name;
import org.junit.jupiter.api.BeforeEach;

/** A label for each of EST's terms, for clients that others wrote. */
abstract class EstPeersTest extends EstServerTest {
  static final String KEYGEN = "est-peers-keygen";
  static final String ASKED = "est-peers-asked";
  static final String BOUND = "est-peers-bound";
  static final String APPROVED = "est-peers-approved";

  private boolean labelled;

  @BeforeEach
  void labels() {
    if (labelled) {
      return;
    }
    labelled = true;
    label(KEYGEN, "serverKeyGeneration: true");
    label(ASKED, "requestTemplate: template");
    label(BOUND, "channelBinding: required");
    label(APPROVED, "approval: manual");
    wire.document(
        "/api/v1/profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec: {certificateProfiles: [device, %s, %s, %s, %s]}
        """.formatted(PROFILE, KEYGEN, ASKED, BOUND, APPROVED));
  }

  private void label(String name, String terms) {
    wire.document("/api/v1/certificate-profiles/" + name, """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          keys: [ec-p256]
          subject: [{serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
          enrollment: {%s}
        """.formatted(name, terms));
  }

  /** Approves the one request of a unit that waits. */
  void approve(Unit unit) {
    List<JsonNode> waiting = new ArrayList<>();
    String next = "";
    do {
      JsonNode page =
          wire.admin("GET", "/api/v1/enrollment-requests?limit=1000&state=pending" + next, null);
      page.get("items").forEach(request -> {
        if (request.get("device").asText().equals(unit.id())) {
          waiting.add(request);
        }
      });
      next = page.hasNonNull("next") ? "&cursor=" + page.get("next").asText() : "";
    } while (!next.isEmpty());
    assertEquals(1, waiting.size(), "the same request again is the same one");
    wire.admin(
        "POST",
        "/api/v1/enrollment-requests/" + waiting.getFirst().get("id").asText() + "/approve",
        Map.of());
  }

  static X500Name subject(X509Certificate certificate) {
    return X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
  }

  /** Whether the server lets this one renew, so that key and certificate are a device's. */
  void assertWorks(Identity identity) {
    assertEquals(
        200,
        send(identity, "GET", "/.well-known/est/cacerts", new byte[0]).statusCode(),
        "its certificate is accepted");
  }
}

package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Database;
import io.sallyport.testing.Person;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A profile that wants a person's approval (RFC 7030 §4.2.3): 202 with Retry-After until it is given. */
@QuarkusTest
class EstApprovalConformanceTest extends EstServerTest {
  private static final String LABEL = "est-approval";

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
          enrollment: {approval: manual}
        """.formatted(LABEL));
    wire.document("/api/v1/profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec: {certificateProfiles: [est-approval, device]}
        """.formatted(PROFILE));
  }

  @Test
  void aRequestWaitsForApprovalAndThenGetsOneCertificate() {
    Unit unit = unit();
    KeyPair keys = TestPki.key();

    assertPending(ask(unit, keys));
    assertPending(ask(unit, keys));
    assertEquals(1, requests(unit, null).size(), "the same request again is the same one");
    assertEquals(0, certificates(unit));
    decide(requests(unit, "pending").getFirst(), "approve", Map.of());
    X509Certificate certificate = issued(ask(unit, keys));

    assertEquals(certificate, issued(ask(unit, keys)));
    assertEquals(1, certificates(unit));
    assertEquals("approved", requests(unit, null).getFirst().get("state").asText());
    assertFact(unit, "enrollment-request.made");
    assertFact(unit, "enrollment-request.approved");
  }

  @Test
  void anotherKeyIsAnotherRequest() {
    Unit unit = unit();
    KeyPair approved = TestPki.key();
    assertPending(ask(unit, approved));
    decide(requests(unit, "pending").getFirst(), "approve", Map.of());

    assertPending(ask(unit, TestPki.key()));

    assertEquals(1, requests(unit, "pending").size());
    issued(ask(unit, approved));
  }

  @Test
  void aTokenIsSpentByTheCertificateAndNotByTheWait() {
    Unit unit = unit();
    String token = token(unit);
    KeyPair keys = TestPki.key();
    assertPending(ask(null, token, keys));
    // Under another key it is another request; the token still gives one certificate.
    KeyPair other = TestPki.key();
    assertPending(ask(null, token, other));
    requests(unit, "pending").forEach(request -> decide(request, "approve", Map.of()));

    issued(ask(null, token, keys));

    assertRefused(403, ask(null, token, other));
    assertEquals(1, certificates(unit));
  }

  @Test
  void anApprovalIsForOneCertificate() {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    assertPending(ask(unit, keys));
    decide(requests(unit, "pending").getFirst(), "approve", Map.of());
    X509Certificate certificate = issued(ask(unit, keys));
    revoke(certificate);

    HttpResponse<byte[]> answer = ask(unit, keys);

    assertRefused(403, answer);
    assertTrue(text(answer).contains("approval"), text(answer));
    assertEquals(1, certificates(unit));
  }

  @Test
  void aRenewalWaitsForNobody() {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    assertPending(ask(unit, keys));
    decide(requests(unit, "pending").getFirst(), "approve", Map.of());
    Identity current = new Identity(keys, List.of(issued(ask(unit, keys))));

    X509Certificate successor = issued(wire.est(
        LABEL + "/simplereenroll", current, null, renewal(TestPki.key(), current.certificate())));

    assertNotEquals(current.certificate().getSerialNumber(), successor.getSerialNumber());
  }

  @Test
  void aCertificateOfAnotherProfileIsNoApproval() {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    Identity current = new Identity(
        keys,
        List.of(issued(wire.est(
            "device/simpleenroll", unit.idevid(), null, TestPki.request(keys, "", null)))));

    assertRefused(
        403,
        wire.est(
            LABEL + "/simplereenroll",
            current,
            null,
            renewal(TestPki.key(), current.certificate())));

    assertEquals(1, certificates(unit));
    issued(wire.est(
        "device/simplereenroll", current, null, renewal(TestPki.key(), current.certificate())));
  }

  @Test
  void aRejectedRequestIsForbidden() {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    assertPending(ask(unit, keys));
    JsonNode request = requests(unit, "pending").getFirst();
    decide(request, "reject", Map.of("reason", "not ordered by us"));

    HttpResponse<byte[]> answer = ask(unit, keys);

    assertRefused(403, answer);
    assertTrue(text(answer).contains("not ordered by us"), text(answer));
    assertFact(unit, "enrollment-request.rejected");
    awaitRefusal(unit.id(), "enrollment.refused", "request-rejected");
    person("POST", "/api/v1/enrollment-requests/" + request.get("id").asText() + "/approve")
        .expect(409);
  }

  @Test
  void anExpiredApprovalIsNone() throws SQLException {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    assertPending(ask(unit, keys));
    decide(requests(unit, "pending").getFirst(), "approve", Map.of());
    try (Connection connection = Database.connect();
        PreparedStatement end = connection.prepareStatement(
            "update enrollment_request set expires_at = now() - interval '1 second' where device = uuid(?)")) {
      end.setString(1, unit.id());
      assertEquals(1, end.executeUpdate());
      connection.commit();
    }

    assertPending(ask(unit, keys));
    assertEquals("pending", requests(unit, null).getFirst().get("state").asText());
  }

  @Test
  void manyAtOnceMakeOneRequest() {
    Unit unit = unit();
    KeyPair keys = TestPki.key();

    Set<Integer> statuses = new HashSet<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Stream.generate(
              () -> CompletableFuture.supplyAsync(() -> ask(unit, keys).statusCode(), threads))
          .limit(8)
          .toList()
          .forEach(answer -> statuses.add(answer.join()));
    }

    assertEquals(Set.of(202), statuses);
    assertEquals(1, requests(unit, null).size());
  }

  @Test
  void aDeviceFillsNobodysList() {
    Unit unit = unit();
    for (int i = 0; i < 8; i++) {
      assertPending(ask(unit, TestPki.key()));
    }

    assertRefused(429, ask(unit, TestPki.key()));
    assertEquals(8, requests(unit, null).size());
  }

  @Test
  void whatIsWrongWithARequestIsSaidBeforeAnybodyIsAsked() {
    Unit unit = unit();

    assertRefused(400, ask(unit, TestPki.rsa(1024)));
    assertEquals(0, requests(unit, null).size());
  }

  @Test
  void whoeverIsOfAnotherSiteSeesAndDecidesNothing() {
    Unit unit = unit();
    assertPending(ask(unit, TestPki.key()));
    String id = requests(unit, "pending").getFirst().get("id").asText();
    try (HttpClient client = wire.client(null)) {
      Person elsewhere = Person.operator(
          wire, client, "est-approval-elsewhere", List.of("fleet-operator"), List.of("plant-9"));

      assertEquals(
          0,
          elsewhere
              .get("/api/v1/enrollment-requests?state=pending")
              .expect(200)
              .json()
              .get("items")
              .size());
      elsewhere
          .send("POST", "/api/v1/enrollment-requests/" + id + "/approve", null, "")
          .expect(404);
    }
  }

  private HttpResponse<byte[]> ask(Unit unit, KeyPair keys) {
    return ask(unit.idevid(), null, keys);
  }

  private HttpResponse<byte[]> ask(
      @Nullable Identity identity, @Nullable String token, KeyPair keys) {
    // Signed anew each time: it is the key that tells a request.
    return wire.est(LABEL + "/simpleenroll", identity, token, TestPki.request(keys, "", null));
  }

  private static void assertPending(HttpResponse<byte[]> answer) {
    assertEquals(202, answer.statusCode(), () -> text(answer));
    int seconds = Integer.parseInt(answer.headers().firstValue("Retry-After").orElse("0"));
    assertTrue(seconds >= 60 && seconds <= 75, "Retry-After: " + seconds);
  }

  /** Of one device, through all pages, since other tests have theirs. */
  private List<JsonNode> requests(Unit unit, @Nullable String state) {
    List<JsonNode> found = new ArrayList<>();
    String next = null;
    do {
      JsonNode page = wire.admin(
          "GET",
          "/api/v1/enrollment-requests?limit=1000" + (state == null ? "" : "&state=" + state)
              + (next == null ? "" : "&cursor=" + next),
          null);
      page.get("items").forEach(one -> {
        if (one.get("device").asText().equals(unit.id())) {
          found.add(one);
        }
      });
      next = page.hasNonNull("next") ? page.get("next").asText() : null;
    } while (next != null);
    return found;
  }

  private void decide(JsonNode request, String decision, Map<String, String> body) {
    wire.admin(
        "POST", "/api/v1/enrollment-requests/" + request.get("id").asText() + "/" + decision, body);
  }

  private Answer person(String method, String path) {
    return Answer.of(wire.send(
        null,
        wire.person(path)
            .method(method, java.net.http.HttpRequest.BodyPublishers.noBody())
            .build()));
  }

  private void assertFact(Unit unit, String kind) {
    assertTrue(
        !wire.admin("GET", "/api/v1/audit/facts?subject=" + unit.id() + "&kind=" + kind, null)
            .get("items")
            .isEmpty(),
        "no fact " + kind);
  }
}

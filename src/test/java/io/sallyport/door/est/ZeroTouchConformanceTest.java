package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** First contact of a unit that nobody registered: rejected, held, or admitted, as its manufacturer's policy says. */
@QuarkusTest
class ZeroTouchConformanceTest extends EstServerTest {
  private static final AtomicInteger MAKERS = new AtomicInteger();
  private static final Map<String, Object> TERMS =
      Map.of("model", "Z1", "profile", PROFILE, "owner", "operations", "site", "plant-1");

  @SuppressWarnings("NullAway.Init")
  private Manufacturer own;

  @BeforeEach
  void manufacturer() {
    own = TestPki.manufacturer("Zero touch " + MAKERS.incrementAndGet());
    wire.register(own);
  }

  @Test
  void withoutAPolicyAnUnregisteredUnitIsRejected() {
    assertRefused(403, enroll(own.idevid("R-1"), TestPki.key()));
    assertEquals(
        "reject",
        person("GET", policyPath(), null).expect(200).json().get("unlisted").asText());
  }

  @Test
  void anAdmittedUnitIsRegisteredAsThePolicySays() {
    policy("reject", "admit", TERMS).expect(200);

    issued(enroll(own.idevid("A-1"), TestPki.key()));

    JsonNode device = device("A-1");
    assertEquals("active", device.get("state").asText());
    assertEquals(PROFILE, device.get("profile").asText());
    assertEquals("plant-1", device.get("site").asText());
    assertRefused(401, enroll(TestPki.manufacturer("nobody").idevid("A-2"), TestPki.key()));
  }

  @Test
  void theListTellsWhoIsAdmitted() {
    policy("admit", "reject", TERMS).expect(200);
    JsonNode added = person(
            "POST", units(), Map.of("serial_numbers", List.of("L-1", "M-##", "L-1")))
        .expect(200)
        .json();
    assertEquals(2, added.get("added").asInt());

    issued(enroll(own.idevid("L-1"), TestPki.key()));
    issued(enroll(own.idevid("M-42"), TestPki.key()));
    assertRefused(403, enroll(own.idevid("L-2"), TestPki.key()));
    assertRefused(403, enroll(own.idevid("M-4"), TestPki.key()));

    person("DELETE", units() + "?serial_number=M-%23%23", null).expect(204);
    assertRefused(403, enroll(own.idevid("M-43"), TestPki.key()));
    assertEquals(
        List.of("L-1"), texts(person("GET", units(), null).expect(200).json().get("items")));
  }

  @Test
  void aHeldUnitWaitsUntilItIsApproved() {
    policy("reject", "hold", Map.of("model", "Z1", "owner", "operations", "site", "plant-1"))
        .expect(200);
    Identity idevid = own.idevid("H-1");
    KeyPair keys = TestPki.key();

    HttpResponse<byte[]> first = enroll(idevid, keys);
    assertEquals(202, first.statusCode());
    assertTrue(first.headers().firstValueAsLong("Retry-After").orElse(0) > 0);
    assertEquals(202, enroll(idevid, keys).statusCode());
    JsonNode waiting = waiting("H-1");
    String id = waiting.get("id").asText();
    assertEquals("pending", waiting.get("state").asText());

    person("POST", "/api/v1/first-contacts/" + id + "/approve", Map.of()).expect(422);
    JsonNode approved = person(
            "POST", "/api/v1/first-contacts/" + id + "/approve", Map.of("profile", PROFILE))
        .expect(200)
        .json();

    assertEquals(device("H-1").get("id"), approved.get("device"));
    X509Certificate certificate = issued(enroll(idevid, keys));
    assertEquals(certificate, issued(enroll(idevid, keys)));
    person("POST", "/api/v1/first-contacts/" + id + "/reject", Map.of("reason", "late"))
        .expect(409);
  }

  @Test
  void aRejectedUnitIsToldSo() {
    policy("reject", "hold", Map.of()).expect(200);
    Identity idevid = own.idevid("J-1");
    assertEquals(202, enroll(idevid, TestPki.key()).statusCode());
    String id = waiting("J-1").get("id").asText();

    person("POST", "/api/v1/first-contacts/" + id + "/reject", Map.of("reason", "not ours"))
        .expect(200);

    HttpResponse<byte[]> refused = enroll(idevid, TestPki.key());
    assertRefused(403, refused);
    assertTrue(text(refused).contains("not ours"));
    person("POST", "/api/v1/first-contacts/" + id + "/approve", TERMS).expect(409);
  }

  @Test
  void manyFirstContactsOfOneUnitRegisterOneDevice() {
    policy("reject", "admit", TERMS).expect(200);
    try (HttpClient client = wire.client(own.idevid("P-1"))) {
      KeyPair keys = TestPki.key();
      byte[] request = base64(TestPki.request(keys, "", null));
      List<CompletableFuture<HttpResponse<byte[]>>> sent = IntStream.range(0, 20)
          .mapToObj(i -> client.sendAsync(
              wire.device("/.well-known/est/simpleenroll")
                  .header("Content-Type", "application/pkcs10")
                  .POST(BodyPublishers.ofByteArray(request))
                  .build(),
              HttpResponse.BodyHandlers.ofByteArray()))
          .toList();

      List<X509Certificate> certificates = sent.stream()
          .map(CompletableFuture::join)
          .map(EstServerTest::issued)
          .distinct()
          .toList();

      assertEquals(1, certificates.size());
    }
  }

  @Test
  void anAnchorsTermsHoldForThoseItAdmits() {
    policy("reject", "admit", TERMS).expect(200);
    JsonNode anchor =
        person("GET", manufacturerPath(), null).expect(200).json().at("/trust_anchors/0");
    person(
            "PUT",
            manufacturerPath() + "/anchors/" + anchor.get("digest").asText(),
            Map.of("models", List.of("Z2")))
        .expect(200);

    assertRefused(403, enroll(own.idevid("T-1"), TestPki.key()));
    assertEquals(
        0,
        person("GET", "/api/v1/devices?text=T-1", null)
            .expect(200)
            .json()
            .get("items")
            .findValuesAsText("manufacturer")
            .stream()
            .filter(own.name()::equals)
            .count());
  }

  @Test
  void aPolicyThatCannotHoldIsRefused() {
    policy("admit", "reject", Map.of()).expect(422);
    policy("reject", "hold", Map.of("profile", "no-such-profile")).expect(404);
    policy("perhaps", "reject", Map.of()).expect(400);
    person("POST", units(), Map.of("serial_numbers", List.of("[a-z]"))).expect(422);
    person("POST", units(), Map.of("serial_numbers", List.of())).expect(400);
    person(
            "PUT",
            "/api/v1/manufacturers/zero-none/first-contact-policy",
            Map.of("listed", "hold", "unlisted", "hold"))
        .expect(404);
  }

  private JsonNode waiting(String serialNumber) {
    String cursor = "";
    while (true) {
      JsonNode page = person(
              "GET", "/api/v1/first-contacts?limit=1000&state=pending" + cursor, null)
          .expect(200)
          .json();
      for (JsonNode unit : page.get("items")) {
        if (unit.get("serial_number").asText().equals(serialNumber)
            && unit.get("manufacturer").asText().equals(own.name())) {
          return unit;
        }
      }
      assertTrue(page.path("next").isTextual(), "the unit does not wait");
      cursor = "&cursor=" + page.get("next").asText();
    }
  }

  private JsonNode device(String serialNumber) {
    for (JsonNode device : person("GET", "/api/v1/devices?limit=1000&text=" + serialNumber, null)
        .expect(200)
        .json()
        .get("items")) {
      if (device.toString().contains("\"" + own.name() + "\"")) {
        return device;
      }
    }
    throw new AssertionError(serialNumber + " is not registered");
  }

  private static List<String> texts(JsonNode items) {
    return items.valueStream().map(JsonNode::asText).toList();
  }

  private Answer policy(String listed, String unlisted, Map<String, Object> terms) {
    Map<String, Object> policy = new HashMap<>(terms);
    policy.put("listed", listed);
    policy.put("unlisted", unlisted);
    return person("PUT", policyPath(), policy);
  }

  private String manufacturerPath() {
    return "/api/v1/manufacturers/" + own.name().replace(" ", "%20");
  }

  private String policyPath() {
    return manufacturerPath() + "/first-contact-policy";
  }

  private String units() {
    return manufacturerPath() + "/allowed-units";
  }

  private Answer person(String method, String path, @Nullable Object body) {
    return Answer.of(wire.send(
        null,
        wire.person(path)
            .header("Content-Type", "application/json")
            .method(
                method,
                body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(json(body)))
            .build()));
  }

  private static String json(Object body) {
    try {
      return new ObjectMapper().writeValueAsString(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

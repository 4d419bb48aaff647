package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.ServerTest;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every list of the people front page by page, and documents that are not as they must be. */
@QuarkusTest
class ListsTest extends ServerTest {
  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "lists");
      for (int i = 1; i <= 3; i++) {
        Plant.Unit unit = plant.enrolled("I-" + i);
        plant
            .person("POST", "/api/v1/enrollment-tokens", Map.of("device", unit.id()))
            .expect(201);
        plant.enforcementPoint("lists-gate-" + i);
      }
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/manufacturers",
        "/profiles",
        "/devices",
        "/enrollment-tokens",
        "/policies",
        "/enforcement-points",
        "/certificates"
      })
  void aListHasTheSameItemsHoweverItIsCut(String list) {
    List<JsonNode> whole = pages(list, 1000);
    List<JsonNode> cut = pages(list, Math.max(1, whole.size() / 3));

    assertFalse(whole.isEmpty());
    assertEquals(whole, cut);
    assertEquals(whole.size(), new HashSet<>(whole).size(), "an item twice");
    assertFalse(whole.toString().contains("\"token\""), "a list tells a secret");
  }

  @ParameterizedTest
  @CsvSource({"/audit/facts, position", "/audit/checkpoints, size"})
  void aListOfTheLogGoesOnAfterANumber(String list, String number) {
    JsonNode first = get(list + "?limit=1").get("items").get(0);
    JsonNode second =
        get(list + "?limit=1&after=" + first.get(number).asLong()).get("items").get(0);

    assertTrue(second == null || second.get(number).asLong() > first.get(number).asLong());
  }

  @Test
  void allThreeAuthoritiesAreListed() {
    List<String> names = new ArrayList<>();
    get("/authorities")
        .get("items")
        .forEach(authority -> names.add(authority.get("name").asText()));

    assertTrue(names.containsAll(List.of("root", "devices", "internal")), names.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/manufacturers?limit=0",
        "/profiles?limit=x",
        "/policies?limit=1001",
        "/certificates?cursor=bm9uZQ",
        "/enforcement-points?cursor=%00",
        "/enrollment-tokens?cursor=bm9uZQ",
        "/devices?cursor=bm9uZQ"
      })
  void whatAListDoesNotKnowIs400(String path) {
    assertProblem(400, "malformed", plant.person("GET", "/api/v1" + path, null));
  }

  @Test
  void aCursorOfAnotherListIsRefused() {
    String cursor = get("/devices?limit=1").get("next").asText();
    assertProblem(400, "malformed", plant.person("GET", "/api/v1/profiles?cursor=" + cursor, null));
  }

  @ParameterizedTest
  @CsvSource({
    "DELETE, /api/v1/devices, 405, method-not-allowed",
    "GET, /api/v1/manufacturers/nobody, 404, unknown-manufacturer",
    "GET, /api/v1/profiles/nobody, 404, unknown-profile",
    "GET, /api/v1/policies/nobody, 404, not-found",
    "DELETE, /api/v1/policies/nobody, 404, not-found",
    "DELETE, /api/v1/enforcement-points/nobody, 404, unknown-enforcement-point",
    "GET, /api/v1/certificates/devices/1, 404, not-found"
  })
  void whatIsNotThereIsAProblem(String method, String path, int status, String slug) {
    assertProblem(status, slug, plant.person(method, path, null));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "a field that is not known   | allow: [{peer: a.example, protocol: tcp, ports: [1], until: now}] | until",
        "a condition that is no CEL  | conditions: ['device.profile ==']    | conditions",
        "a port that is none         | allow: [{peer: a.example, protocol: tcp, ports: [0]}] | port",
        "a longer grant than a day   | grant: {ttl: P2D}                    | ttl",
        "no YAML                     | allow: [                             | line"
      })
  void aPolicyThatIsNotAsItMustBeIsRefusedWithLineAndReasonAndChangesNothing(
      String what, String line, String word) {
    String before = get("/policies/lists").get("hash").asText();
    String yaml = """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: lists}
        spec:
          selector: {profile: lists}
          %s
          %s
        """.formatted(
        line,
        line.startsWith("allow") ? "" : "allow: [{peer: a.example, protocol: tcp, ports: [1]}]");

    Answer answer = put("/api/v1/policies/lists", yaml);

    assertProblem(422, "invalid-policy", answer);
    String detail = answer.json().get("detail").asText();
    assertTrue(detail.matches("(?s).*line \\d+.*"), detail);
    assertTrue(detail.contains(word), detail);
    assertEquals(before, get("/policies/lists").get("hash").asText());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "a field that is not known   | spec: {certificateProfile: device}        | certificateProfile",
        "a digest that is none       | spec: {attestation: {firmware: {os: [{version: '1', digest: 'sha-256:1'}]}}} | digest",
        "no duration                 | spec: {attestation: {validity: 15 minutes}} | validity"
      })
  void aProfileThatIsNotAsItMustBeIsRefusedAndChangesNothing(
      String what, String line, String word) {
    JsonNode before = get("/profiles/lists");

    Answer answer = put("/api/v1/profiles/lists", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: lists}
        %s
        """.formatted(line));

    assertProblem(422, "invalid-profile", answer);
    assertTrue(answer.json().get("detail").asText().contains(word), answer.toString());
    assertEquals(before, get("/profiles/lists"));
  }

  @Test
  void anEnforcementPointIsCertifiedOnceForItsIdempotencyKeyToo() {
    Map<String, Object> body = Map.of("name", "lists-gate-x", "kind", "authzen", "csr", "no PEM");
    assertProblem(
        400,
        "malformed",
        plant.person("POST", "/api/v1/enforcement-points", body, "Idempotency-Key", "lists-x"));
    assertNull(get("/enforcement-points?limit=1000")
        .get("items")
        .valueStream()
        .filter(point -> point.get("name").asText().equals("lists-gate-x"))
        .findAny()
        .orElse(null));
  }

  @Test
  void aBodyThatIsTooLargeIsAProblemOverHttp2Too() {
    try (HttpClient client = HttpClient.newBuilder()
        .sslContext(wire.tls(null))
        .version(HttpClient.Version.HTTP_2)
        .build()) {
      Answer small = Answer.to(client, wire.person("/api/v1/status").build());
      assertEquals(200, small.status());

      assertProblem(
          413,
          "too-large",
          Answer.to(
              client,
              wire.person("/api/v1/devices")
                  .header("Content-Type", "application/json")
                  .POST(BodyPublishers.ofByteArray(new byte[1024 * 1024 + 1]))
                  .build()));
    }
  }

  @Test
  void theStatusTellsVersionProviderAndLag() {
    JsonNode status = get("/status");

    assertFalse(status.get("crypto_provider").asText().isEmpty());
    assertTrue(status.get("position").asLong() > 0);
    assertTrue(status.at("/nodes/0/lag_ms").asLong() < 5000);
  }

  private List<JsonNode> pages(String list, int limit) {
    List<JsonNode> items = new ArrayList<>();
    String cursor = "";
    do {
      JsonNode page = get(list + "?limit=" + limit + cursor);
      assertTrue(page.get("items").size() <= limit);
      page.get("items").forEach(items::add);
      cursor = page.get("next").isNull() ? "" : "&cursor=" + page.get("next").asText();
    } while (!cursor.isEmpty());
    return items;
  }

  private JsonNode get(String path) {
    return plant.person("GET", "/api/v1" + path, null).expect(200).json();
  }

  private Answer put(String path, String yaml) {
    return Answer.of(wire.send(
        null,
        wire.person(path)
            .header("Content-Type", "application/yaml")
            .PUT(BodyPublishers.ofString(yaml))
            .build()));
  }

  private static void assertProblem(int status, String slug, Answer answer) {
    JsonNode problem = answer.expect(status).json();
    assertEquals("application/problem+json", answer.header("Content-Type"));
    assertEquals(
        "urn:sallyport:problem:" + slug, Objects.toString(problem.path("type").asText()));
    assertEquals(status, problem.get("status").asInt());
    assertFalse(problem.get("title").asText().isEmpty());
    assertFalse(
        answer.text().contains("io.sallyport") || answer.text().contains("Exception"),
        "the inside shows: " + answer);
  }
}

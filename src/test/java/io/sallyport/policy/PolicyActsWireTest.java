package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Policies changed together, and put back together. */
@QuarkusTest
class PolicyActsWireTest extends ServerTest {
  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private HttpClient stranger;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "acts");
      stranger = wire.client(null);
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
    stranger.close();
  }

  @Test
  void severalPoliciesAreOneActUnderTheHashThatDecisionsName() {
    Answer answer = put(
            "?note=both%20at%20once", policy("acts-a", 1001) + "---\n" + policy("acts-b", 1002))
        .expect(200);
    JsonNode outcome = answer.json();
    assertEquals(List.of("acts-a added", "acts-b added"), changes(outcome));
    String set = outcome.get("set").asText();
    assertEquals('"' + set + '"', answer.header("ETag"));

    JsonNode act = get("/api/v1/policy-sets?limit=1").at("/items/0");
    assertEquals(outcome.get("act").asLong(), act.get("act").asLong());
    assertEquals("both at once", act.get("note").asText());
    assertEquals(2, act.get("changed").asInt());
    assertEquals(
        changes(outcome),
        changes(get("/api/v1/policy-sets/acts/" + act.get("act").asLong())));
    JsonNode explained = plant
        .person(
            "POST",
            "/api/v1/policies/explain",
            Map.of("device", plant.attested("acts-1").id()))
        .expect(200)
        .json();
    assertEquals(set, explained.get("policy_hash").asText());
    assertEquals(
        outcome.get("replaced").asText(),
        plant.fact(set, "policies.applied").at("/detail/replaced").asText());
    plant.fact("acts-b", "policy.applied");
  }

  @Test
  void oneFaultAppliesNoneAndIsToldWithItsPlace() {
    String good = policy("acts-c", 1003);
    String detail = put("", good + "---\n" + policy("acts-d", 99_999))
        .expect(422)
        .json()
        .get("detail")
        .asText();
    long before = good.lines().count() + 1;
    assertTrue(detail.startsWith("line " + (before + 7) + ", "), detail);
    plant.person("GET", "/api/v1/policies/acts-c", null).expect(404);
  }

  @Test
  void nobodyOverwritesWhatTheyHaveNotSeen() {
    String set = put("", policy("acts-e", 1004)).expect(200).json().get("set").asText();
    put("", policy("acts-e", 1005), "0".repeat(64)).expect(412);
    assertEquals(
        1,
        changes(put("?dry-run=true", policy("acts-e", 1005), set).expect(200).json())
            .size());
    put("", policy("acts-e", 1005), "not a hash").expect(400);
    String next =
        put("", policy("acts-e", 1005), set).expect(200).json().get("set").asText();
    put("", policy("acts-e", 1006), set).expect(412);
    rollBack(set, set).expect(412);
    rollBack(set, next).expect(200);
  }

  @Test
  void whatWasInForceIsInForceAgainAfterOneAct() {
    Unit unit = plant.attested("acts-2");
    String own = plant.name();
    String before =
        put("", policy("acts-f", 1007)).expect(200).json().get("set").asText();
    assertTrue(unit.may(Plant.VIDEO));
    JsonNode changed = put(
            "",
            policy("acts-f", 1008) + "---\n" + policy(own, 1009) + "---\n" + policy("acts-g", 1010))
        .expect(200)
        .json();
    assertFalse(unit.may(Plant.VIDEO), "its policy allows another port now");

    JsonNode outcome = rollBack(before, changed.get("set").asText()).expect(200).json();

    assertTrue(unit.may(Plant.VIDEO));
    assertEquals(before, outcome.get("set").asText());
    assertEquals(List.of(own + " replaced", "acts-f replaced", "acts-g removed"), changes(outcome));
    assertTrue(get("/api/v1/policies/acts-f").get("document").asText().contains("1007"));
    assertEquals(
        "rollback", get("/api/v1/policy-sets?limit=1").at("/items/0/kind").asText());
    JsonNode members = get("/api/v1/policy-sets/" + changed.get("set").asText()).get("members");
    String version = members.get("acts-g").asText();
    assertTrue(get("/api/v1/policies/acts-g/versions/" + version)
        .get("document")
        .asText()
        .contains("1010"));
    rollBack("0".repeat(64), null).expect(404);
    rollBack("x", null).expect(404);
  }

  @Test
  void aSingleChangeIsAnActToo() {
    wire.document("/api/v1/policies/acts-h", policy("acts-h", 1011));
    JsonNode applied = get("/api/v1/policy-sets?limit=1").at("/items/0");
    assertEquals("apply", applied.get("kind").asText());
    plant.person("DELETE", "/api/v1/policies/acts-h", null).expect(204);
    JsonNode removed = get("/api/v1/policy-sets?limit=1").at("/items/0");
    assertEquals("remove", removed.get("kind").asText());
    assertEquals(applied.get("replaced").asText(), removed.get("set").asText());
    assertEquals(
        List.of("acts-h removed"),
        changes(get("/api/v1/policy-sets/acts/" + removed.get("act").asLong())));
  }

  @Test
  void theWholeIsWhatWasSentAndNothingElse() {
    put("", policy("acts-i", 1012)).expect(200);
    List<String> others = new ArrayList<>();
    JsonNode page = get("/api/v1/policies?limit=1000");
    page.get("items").forEach(policy -> {
      if (!policy.get("name").asText().equals("acts-i")) {
        String document = policy.get("document").asText();
        others.add(document.endsWith("\n") ? document : document + "\n");
      }
    });
    String all = String.join("---\n", others);
    JsonNode would = put("?all=true&dry-run=true", all).expect(200).json();
    assertTrue(changes(would).contains("acts-i removed"), would.toString());
    get("/api/v1/policies/acts-i");
    put("?all=true", "# nothing").expect(422);
  }

  private Answer rollBack(String set, @org.jspecify.annotations.Nullable String expected) {
    Map<String, String> body = Map.of("set", set);
    return expected == null
        ? plant.person("POST", "/api/v1/policy-sets/rollback", body)
        : plant.person(
            "POST", "/api/v1/policy-sets/rollback", body, "If-Match", '"' + expected + '"');
  }

  private Answer put(String query, String documents) {
    return Answer.to(
        stranger,
        wire.person("/api/v1/policies" + query)
            .header("Content-Type", "application/yaml")
            .PUT(BodyPublishers.ofString(documents))
            .build());
  }

  private Answer put(String query, String documents, String expected) {
    return Answer.to(
        stranger,
        wire.person("/api/v1/policies" + query)
            .header("Content-Type", "application/yaml")
            .header("If-Match", '"' + expected + '"')
            .PUT(BodyPublishers.ofString(documents))
            .build());
  }

  private JsonNode get(String path) {
    return plant.person("GET", path, null).expect(200).json();
  }

  /** Sorted by name, as they are answered. */
  private static List<String> changes(JsonNode outcome) {
    List<String> changes = new ArrayList<>();
    outcome
        .get("changes")
        .forEach(change ->
            changes.add(change.get("name").asText() + " " + change.get("change").asText()));
    return changes;
  }

  /** About the plant's own profile only. */
  private String policy(String name, int port) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s}
        spec:
          selector: {profile: %s}
          allow:
            - {peer: service.example, protocol: tcp, ports: [%d]}
          grant: {ttl: PT10M}
        """.formatted(name, plant.name(), port);
  }
}

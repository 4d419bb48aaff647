package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Flow;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** From observing to enforcing, over the network interfaces alone. */
@QuarkusTest
class ObserveWireTest extends ServerTest {
  private static final Flow CLOCK = new Flow("10.77.0.5", "udp", 123);
  private static final Flow PING = new Flow("10.77.0.5", "icmp", 0);

  @Test
  void aZoneThatIsEnforcedByWhatWasProposedDeniesNothingThatWasSeen() {
    try (Plant plant = Plant.open(wire, "observe-one");
        Plant other = Plant.open(wire, "observe-two")) {
      List<Flow> usual = new ArrayList<>(List.of(CLOCK, PING, Plant.VIDEO));
      for (int port : List.of(9000, 9001, 9002, 9005)) {
        usual.add(new Flow("NVR.observe.example", "tcp", port));
      }
      Unit unit = plant.enrolled("observe-one-1");
      Unit elsewhere = other.enrolled("observe-two-1");
      assertFalse(unit.may(CLOCK));
      zone(plant, "observe");
      zone(other, "observe");
      for (Flow flow : usual) {
        JsonNode decision = unit.decision(flow);
        assertTrue(decision.get("decision").asBoolean(), decision::toString);
        assertTrue(
            decision.at("/context/observed").toString().contains("policy observe-one"),
            decision::toString);
        assertTrue(decision.toString().contains("\"seconds\":60"), decision::toString);
      }
      assertTrue(elsewhere.may(CLOCK));

      List<JsonNode> seen = Patience.until(
          "all of it is recorded",
          () -> Optional.of(observed(plant)).filter(all -> all.size() == usual.size()));
      assertEquals(1, seen.getFirst().get("uses").asInt());
      assertEquals(1, seen.getFirst().get("devices").asInt());
      assertTrue(seen.stream().anyMatch(one -> one.get("peer").asText().equals("10.77.0.5")));
      String proposal = proposal(plant).text();
      assertEquals(proposal, proposal(plant).text());
      assertTrue(proposal.contains("ports: [\"9000-9002\", \"9005\"]"), proposal);

      apply(proposal + "---\n" + segment(plant, "enforce")).expect(200);
      for (Flow flow : usual) {
        JsonNode decision = unit.decision(flow);
        assertTrue(decision.get("decision").asBoolean(), decision::toString);
        assertTrue(decision.at("/context/observed").isMissingNode(), decision::toString);
      }
      assertFalse(unit.may(new Flow("nvr.observe.example", "tcp", 9003)));
      assertTrue(elsewhere.may(CLOCK), "the other zone observes still");

      plant
          .person("DELETE", "/api/v1/observations?document=" + plant.name() + "-zone", null)
          .expect(200);
      assertEquals(List.of(), observed(plant));
      proposal(plant).expect(404);
      zone(other, "enforce");
    }
  }

  @Test
  void quarantineAndWhatIsForbiddenHoldInAZoneThatObserves() {
    try (Plant plant = Plant.open(wire, "observe-held")) {
      Unit unit = plant.enrolled("observe-held-1");
      zone(plant, "observe");
      assertTrue(unit.may(CLOCK));
      assertFalse(unit.may(new Flow("10.77.5", "tcp", 1)), "nobody can write a rule about it");
      apply(forbid(plant, "enforce")).expect(200);
      assertFalse(unit.may(CLOCK));
      apply(forbid(plant, "observe")).expect(200);
      JsonNode both = unit.decision(CLOCK);
      assertTrue(both.get("decision").asBoolean());
      assertTrue(
          both.at("/context/observed").toString().contains("forbids udp 10.77.0.0/16 123"),
          both::toString);
      plant
          .person("POST", "/api/v1/devices/" + unit.id() + "/quarantine", Map.of("reason", "test"))
          .expect(200);
      assertFalse(unit.may(CLOCK));
      Patience.until(
          "the forbid is told",
          () ->
              Optional.of(observed(plant, plant.name() + "-forbid")).filter(all -> !all.isEmpty()));
      plant
          .person(
              "GET",
              "/api/v1/observations/proposal?document=" + plant.name() + "-forbid&profile="
                  + plant.name(),
              null)
          .expect(409);
      zone(plant, "enforce");
    }
  }

  @Test
  void aGrantOfWhatIsObservedLivesAMinuteAndEndsWithTheObserving() {
    try (Plant plant = Plant.open(wire, "observe-grant")) {
      Unit unit = plant.enrolled("observe-grant-1");
      zone(plant, "observe");
      JsonNode grant = unit.token(CLOCK).expect(200).json();
      assertTrue(grant.get("expires_in").asInt() <= 60);
      String token = grant.get("access_token").asText();
      assertTrue(plant.isActive(token));
      zone(plant, "enforce");
      assertFalse(plant.isActive(token));
    }
  }

  @Test
  void whoTriesEveryPortLeavesRoomForOthers() {
    try (Plant plant = Plant.open(wire, "observe-scan")) {
      Unit unit = plant.enrolled("observe-scan-1");
      zone(plant, "observe");
      // What is denied because memory is not confirmed at that moment was not let be; it is asked
      // again.
      List<Integer> denied =
          new ArrayList<>(IntStream.rangeClosed(1, 300).boxed().toList());
      AtomicReference<String> last = new AtomicReference<>("");
      Patience.until(() -> denied.size() + " of 300 are denied: " + last, () -> {
        List<Integer> some = List.copyOf(denied.subList(0, Math.min(100, denied.size())));
        JsonNode answers = scan(plant, unit, some);
        for (int i = 0; i < some.size(); i++) {
          if (answers.get(i).get("decision").asBoolean()) {
            denied.remove(some.get(i));
          } else {
            last.set(answers.get(i).toString());
          }
        }
        return Optional.of(denied).filter(List::isEmpty);
      });
      AtomicReference<String> seen = new AtomicReference<>("");
      Patience.until(() -> "256 are recorded and 44 counted, but " + seen, () -> {
        String both = observed(plant).size() + " and " + missed(plant);
        seen.set(both);
        return Optional.of(both).filter("256 and 44"::equals);
      });
      zone(plant, "enforce");
    }
  }

  /** The answers, in order. */
  private static JsonNode scan(Plant plant, Unit unit, List<Integer> ports) {
    List<Map<String, ?>> tries = ports.stream()
        .map(port -> Map.of(
            "resource",
            Map.of(
                "type", "service",
                "id", "10.77.9.9",
                "properties", Map.of("protocol", "tcp", "port", port))))
        .<Map<String, ?>>map(resource -> resource)
        .toList();
    String asked = new ObjectMapper()
        .valueToTree(Map.of(
            "subject", Map.of("type", "device", "id", unit.id()),
            "action", Map.of("name", "connect"),
            "evaluations", tries))
        .toString();
    JsonNode answers = plant
        .post(
            plant.enforcementPoint(),
            "/access/v1/evaluations",
            "application/json",
            BodyPublishers.ofString(asked))
        .expect(200)
        .json()
        .get("evaluations");
    assertEquals(ports.size(), answers.size());
    return answers;
  }

  private static long missed(Plant plant) {
    JsonNode missed =
        plant.person("GET", "/api/v1/observations/missed", null).expect(200).json();
    for (JsonNode one : missed.get("items")) {
      if (one.get("document").asText().equals(plant.name() + "-zone")) {
        return one.get("uses").asLong();
      }
    }
    return 0;
  }

  private static List<JsonNode> observed(Plant plant) {
    return observed(plant, plant.name() + "-zone");
  }

  private static List<JsonNode> observed(Plant plant, String document) {
    List<JsonNode> items = new ArrayList<>();
    plant
        .person("GET", "/api/v1/observations?limit=1000&document=" + document, null)
        .expect(200)
        .json()
        .get("items")
        .forEach(items::add);
    return items;
  }

  private static Answer proposal(Plant plant) {
    return plant.person(
        "GET",
        "/api/v1/observations/proposal?document=" + plant.name() + "-zone&profile=" + plant.name(),
        null);
  }

  private void zone(Plant plant, String mode) {
    apply(segment(plant, mode)).expect(200);
  }

  private static String segment(Plant plant, String mode) {
    return """
        apiVersion: sallyport.io/v1
        kind: Segment
        metadata: {name: %1$s-zone}
        spec: {mode: %2$s, devices: {profile: %1$s}}
        """.formatted(plant.name(), mode);
  }

  private static String forbid(Plant plant, String mode) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %1$s-forbid}
        spec:
          effect: forbid
          mode: %2$s
          selector: {profile: %1$s}
          deny: [{name: clock, peer: 10.77.0.0/16, protocol: udp, ports: [123]}]
        """.formatted(plant.name(), mode);
  }

  private Answer apply(String documents) {
    try (HttpClient stranger = wire.client(null)) {
      return Answer.to(
          stranger,
          wire.person("/api/v1/policies")
              .header("Content-Type", "application/yaml")
              .PUT(BodyPublishers.ofString(documents))
              .build());
    }
  }
}

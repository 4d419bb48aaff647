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
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Policies on a share of the fleet, over the network interfaces alone. */
@QuarkusTest
class PolicyCanaryWireTest extends ServerTest {
  private static final String CANARY = "/api/v1/policy-sets/canary";

  @Test
  void aShareHasTheCandidateUntilItIsPromotedAbandonedOrOver() {
    try (Plant plant = Plant.open(wire, "canary-one")) {
      plant.policySpec(allow("1"));
      List<Unit> units = IntStream.range(0, 12)
          .mapToObj(unit -> plant.enrolled("canary-one-" + unit))
          .toList();
      assertTrue(units.stream().allMatch(unit -> unit.may(flow(1))));

      JsonNode begun = begin(plant, "1, 2", 50, Duration.ofHours(1)).expect(201).json();
      assertEquals("replaced", begun.at("/changes/0/change").asText());
      List<Boolean> sides = units.stream().map(unit -> unit.may(flow(2))).toList();
      assertTrue(sides.contains(true) && sides.contains(false), sides::toString);
      assertEquals(sides, units.stream().map(unit -> unit.may(flow(2))).toList());
      assertTrue(units.stream().allMatch(unit -> unit.may(flow(1))));
      begin(plant, "1, 2", 60, Duration.ofHours(1)).expect(409);
      Answer meanwhile = put(plant, document(plant, "7"));
      assertEquals(409, meanwhile.status(), meanwhile::toString);
      JsonNode counted = Patience.until(
          "both sides are counted",
          () -> Optional.of(canary(plant))
              .filter(canary -> canary.at("/sides/0/denials").asLong() > 0
                  && canary.at("/sides/1/permits").asLong() > 0));
      assertEquals("candidate", counted.at("/sides/1/side").asText());
      assertTrue(counted.get("ended_at").isNull());

      JsonNode promoted =
          plant.person("POST", CANARY + "/promote", null).expect(200).json();
      assertEquals(begun.get("candidate"), promoted.get("set"));
      assertTrue(units.stream().allMatch(unit -> unit.may(flow(2))));
      assertEquals("promoted", canary(plant).get("outcome").asText());
      plant.person("POST", CANARY + "/promote", null).expect(404);

      begin(plant, "2", 100, Duration.ofHours(1)).expect(201);
      assertFalse(units.getFirst().may(flow(1)));
      plant.person("POST", CANARY + "/abandon", null).expect(200);
      assertTrue(units.stream().allMatch(unit -> unit.may(flow(1))));

      JsonNode last = begin(plant, "3", 100, Duration.ofSeconds(10)).expect(201).json();
      assertTrue(units.getFirst().may(flow(3)));
      Patience.until(
          "it is over", () -> Optional.of(units.getFirst()).filter(unit -> !unit.may(flow(3))));
      assertTrue(units.getFirst().may(flow(1)));
      plant.fact(last.get("number").asText(), "policy-canary.expired");
      assertEquals("expired", canary(plant).get("outcome").asText());
      put(plant, document(plant, "1")).expect(200);
    }
  }

  @Test
  void grantsEndWithWhatTheyStandOn() throws IOException {
    try (Plant plant = Plant.open(wire, "canary-grant")) {
      plant.policySpec(allow("1, 2"));
      try {
        grantsFollow(plant);
      } finally {
        // The application is shared, and while a canary lives changes of policies are refused.
        plant.person("POST", CANARY + "/abandon", null);
      }
    }
  }

  private void grantsFollow(Plant plant) throws IOException {
    begin(plant, "1, 3", 50, Duration.ofHours(1)).expect(201);
    Map<Boolean, Unit> sides = new HashMap<>();
    for (int unit = 0; sides.size() < 2 && unit < 30; unit++) {
      Unit next = plant.enrolled("canary-grant-" + unit);
      sides.put(next.may(flow(3)), next);
    }
    Unit tries = Optional.ofNullable(sides.get(true)).orElseThrow();
    Unit waits = Optional.ofNullable(sides.get(false)).orElseThrow();
    String tried = token(tries, 3);
    plant.person("POST", CANARY + "/abandon", null).expect(200);
    assertWithdrawn(plant, tried);

    String before = token(tries, 2);
    String beside = token(waits, 2);
    begin(plant, "1, 3", 50, Duration.ofHours(1)).expect(201);
    assertWithdrawn(plant, before);
    assertTrue(plant.isActive(beside));
    plant.person("POST", CANARY + "/promote", null).expect(200);
    assertWithdrawn(plant, beside);
  }

  private static String token(Unit unit, int port) {
    return unit.token(flow(port)).expect(200).json().get("access_token").asText();
  }

  private static void assertWithdrawn(Plant plant, String token) throws IOException {
    assertFalse(plant.isActive(token));
    JsonNode claims =
        new ObjectMapper().readTree(Base64.getUrlDecoder().decode(token.split("\\.")[1]));
    plant.fact(claims.get("jti").asText(), "grant.withdrawn");
  }

  private static Flow flow(int port) {
    return new Flow("a.canary.example", "tcp", port);
  }

  private static String allow(String ports) {
    return "allow: [{peer: a.canary.example, protocol: tcp, ports: [" + ports + "]}]\n";
  }

  private static String document(Plant plant, String ports) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %1$s}
        spec:
          selector: {profile: %1$s}
        """.formatted(plant.name()) + allow(ports).indent(2);
  }

  private static JsonNode canary(Plant plant) {
    return plant.person("GET", CANARY, null).expect(200).json();
  }

  private Answer begin(Plant plant, String ports, int percent, Duration lasting) {
    try (HttpClient stranger = wire.client(null)) {
      return Answer.to(
          stranger,
          wire.person(CANARY + "?percent=" + percent + "&profile=" + plant.name() + "&until="
                  + Instant.now().plus(lasting))
              .header("Content-Type", "application/yaml")
              .POST(BodyPublishers.ofString(document(plant, ports)))
              .build());
    }
  }

  private Answer put(Plant plant, String document) {
    try (HttpClient stranger = wire.client(null)) {
      return Answer.to(
          stranger,
          wire.person("/api/v1/policies")
              .header("Content-Type", "application/yaml")
              .PUT(BodyPublishers.ofString(document))
              .build());
    }
  }
}

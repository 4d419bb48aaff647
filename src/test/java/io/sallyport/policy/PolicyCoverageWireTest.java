package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Flow;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.util.Optional;
import org.junit.jupiter.api.Test;

@QuarkusTest
class PolicyCoverageWireTest extends ServerTest {
  @Test
  void aRuleThatDecidedIsToldFromOneThatNeverDid() {
    try (Plant plant = Plant.open(wire, "coverage")) {
      plant.policySpec("""
          allow:
            - {name: used, peer: vms.plant.example, protocol: tcp, ports: [8554]}
            - {peer: never.plant.example, protocol: tcp, ports: [8554]}
          grant: {ttl: PT10M}
          """);
      Unit camera = plant.attested("coverage-1");
      assertTrue(camera.may(Plant.VIDEO));
      assertTrue(!camera.may(new Flow("other.plant.example", "tcp", 1)));

      JsonNode used = Patience.until(
          "the decision is logged",
          () -> rule(plant, "used").filter(rule -> rule.get("decisions").asLong() > 0));

      assertEquals("permit", used.get("effect").asText());
      assertTrue(used.hasNonNull("last"));
      JsonNode unused = rule(plant, "allow[1]").orElseThrow();
      assertEquals(0, unused.get("decisions").asLong());
      assertTrue(unused.get("last").isNull());
      plant.person("GET", "/api/v1/policy-sets/coverage?since=P400D", null).expect(400);
    }
  }

  private static Optional<JsonNode> rule(Plant plant, String name) {
    JsonNode coverage = plant
        .person("GET", "/api/v1/policy-sets/coverage?since=PT1H", null)
        .expect(200)
        .json();
    for (JsonNode rule : coverage.get("rules")) {
      if (rule.get("policy").asText().equals(plant.name())
          && rule.get("rule").asText().equals(name)) {
        return Optional.of(rule);
      }
    }
    return Optional.empty();
  }
}

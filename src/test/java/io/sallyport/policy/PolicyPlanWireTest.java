package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What an apply would do to this plant's device, asked of a server that many share. */
@QuarkusTest
class PolicyPlanWireTest extends ServerTest {
  @Test
  void aPlanTellsWhatADeviceWouldGainAndLoseAndChangesNothing() {
    try (Plant plant = Plant.open(wire, "plan");
        HttpClient stranger = wire.client(null)) {
      Unit camera = plant.attested("plan-1");
      assertTrue(camera.may(Plant.VIDEO));
      String candidate = """
          apiVersion: sallyport.io/v1
          kind: AccessPolicy
          metadata: {name: plan}
          spec:
            selector: {profile: plan}
            allow:
              - {peer: vms.plant.example, protocol: tcp, ports: [443]}
            grant: {ttl: PT10M}
          """;

      JsonNode plan = plan(stranger, "", candidate).expect(200).json();

      assertEquals("replaced", plan.at("/changes/0/change").asText());
      JsonNode device = device(plan, camera).orElseThrow();
      assertEquals("443", device.at("/permitted/0/ports/0").asText());
      assertEquals("8554", device.at("/denied/0/ports/0").asText());
      assertTrue(plan.get("losing").asLong() >= 1 && plan.get("devices").asLong() >= 1);
      assertTrue(camera.may(Plant.VIDEO), "nothing was applied");

      wire.document("/api/v1/policies/plan", candidate);
      JsonNode back = plan(stranger, "?set=" + plan.get("replaced").asText(), "")
          .expect(200)
          .json();
      assertEquals(
          "8554", device(back, camera).orElseThrow().at("/permitted/0/ports/0").asText());
      plan(stranger, "", candidate.replace("443", "0")).expect(422);
      plan(stranger, "?set=" + "0".repeat(64), "").expect(404);
    }
  }

  private static Optional<JsonNode> device(JsonNode plan, Unit unit) {
    for (JsonNode device : plan.get("items")) {
      if (device.get("device").asText().equals(unit.id())) {
        return Optional.of(device);
      }
    }
    return Optional.empty();
  }

  /** A conflict says that memory was behind for a moment. */
  private Answer plan(HttpClient client, String query, String documents) {
    return Patience.until("a plan over the policies in force", () -> {
      Answer answer = Answer.to(
          client,
          wire.person("/api/v1/policy-sets/plan" + query)
              .header("Content-Type", "application/yaml")
              .POST(BodyPublishers.ofString(documents))
              .build());
      return answer.status() == 409 ? Optional.empty() : Optional.of(answer);
    });
  }
}

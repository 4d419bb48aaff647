package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Flow;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What was decided of this plant's device, decided again on a server that many share. */
@QuarkusTest
class PolicyReplayWireTest extends ServerTest {
  private static final int OFTEN = 100;
  private static final Flow SECURED = new Flow("vms.plant.example", "tcp", 443);

  @Test
  void aReplayNamesThePortThatACandidateTakesAwayAndTheOneThatItGives() {
    try (Plant plant = Plant.open(wire, "replay");
        HttpClient stranger = wire.client(null)) {
      plant.policySpec("""
          allow:
            - {name: video, peer: vms.plant.example, protocol: tcp, ports: [8554]}
          grant: {ttl: PT10M}
          """);
      Unit camera = plant.attested("replay-1");
      // Enough of them to be among the most that are told, whatever other tests left in the log.
      String denied = "";
      for (int i = 0; i < OFTEN; i++) {
        assertTrue(camera.may(Plant.VIDEO));
        denied = camera.decision(SECURED).at("/context/id").asText();
      }
      String last = denied;
      Patience.untilTrue(
          "the decisions are logged",
          () -> plant.person("GET", "/api/v1/decisions/" + last, null).status() == 200);
      String candidate = """
          apiVersion: sallyport.io/v1
          kind: AccessPolicy
          metadata: {name: replay}
          spec:
            selector: {profile: replay}
            allow:
              - {name: secured, peer: vms.plant.example, protocol: tcp, ports: [443]}
            grant: {ttl: PT10M}
          """;

      JsonNode replay = replay(stranger, "?days=1", candidate).expect(200).json();

      assertTrue(replay.get("complete").asBoolean());
      assertEquals(1, replay.get("permits_logged").asDouble());
      JsonNode device = group(replay, "devices", "device", camera.id()).orElseThrow();
      assertEquals("replay-1", device.get("serial_number").asText());
      assertEquals(OFTEN, device.get("denied").asLong());
      assertEquals(OFTEN, device.get("permitted").asLong());
      JsonNode video = group(replay, "rules", "rule", "video").orElseThrow();
      assertEquals("replay", video.get("policy").asText());
      assertTrue(video.at("/examples/0/recorded").asText().contains("8554"), video::toPrettyString);
      JsonNode secured = group(replay, "rules", "rule", "secured").orElseThrow();
      assertEquals(OFTEN, secured.get("permitted").asLong());
      assertEquals(last, secured.at("/examples/0/decision").asText());
      JsonNode port = group(replay, "flows", "port", "443").orElseThrow();
      assertEquals("vms.plant.example", port.get("peer").asText());

      // What is in force turns nothing of this device, and what it turns of others is in force.
      JsonNode same = replay(stranger, "?days=1&set=" + replay.get("in_force").asText(), "")
          .expect(200)
          .json();
      assertEquals(same.get("set"), same.get("in_force"));
      assertTrue(group(same, "devices", "device", camera.id()).isEmpty());
      assertEquals(
          same.get("denied").asLong() + same.get("permitted").asLong(),
          same.get("already").asLong());
      assertEquals(
          same.get("decisions").asLong(),
          same.get("replayed").asLong()
              + same.get("without_inputs").asLong()
              + same.get("not_asked").asLong());

      assertTrue(camera.may(Plant.VIDEO), "nothing was applied");
      replay(stranger, "?days=0", candidate).expect(400);
      replay(stranger, "", candidate.replace("443", "0")).expect(422);
    }
  }

  @Test
  void whatACanaryDecidedIsToldFromWhatIsInForce() {
    try (Plant plant = Plant.open(wire, "replay-canary");
        HttpClient stranger = wire.client(null)) {
      plant.policySpec("allow: [{peer: vms.plant.example, protocol: tcp, ports: [8554]}]");
      Unit camera = plant.enrolled("replay-canary-1");
      assertTrue(camera.may(Plant.VIDEO));
      String candidate = """
          apiVersion: sallyport.io/v1
          kind: AccessPolicy
          metadata: {name: replay-canary}
          spec:
            selector: {profile: replay-canary}
            allow: [{name: secured, peer: vms.plant.example, protocol: tcp, ports: [443]}]
          """;
      JsonNode begun = Answer.to(
              stranger,
              wire.person("/api/v1/policy-sets/canary?percent=100&profile=replay-canary&until="
                      + Instant.now().plus(Duration.ofHours(1)))
                  .header("Content-Type", "application/yaml")
                  .POST(BodyPublishers.ofString(candidate))
                  .build())
          .expect(201)
          .json();
      JsonNode replay;
      String set = begun.get("candidate").asText();
      try {
        assertTrue(camera.may(SECURED));
        String last = camera.decision(Plant.VIDEO).at("/context/id").asText();
        Patience.untilTrue(
            "the decisions are logged",
            () -> plant.person("GET", "/api/v1/decisions/" + last, null).status() == 200);
        replay = replay(stranger, "?days=1&set=" + begun.get("base").asText(), "")
            .expect(200)
            .json();
      } finally {
        plant.person("POST", "/api/v1/policy-sets/canary/abandon", null).expect(200);
      }
      assertEquals(set, replay.get("canary").asText());
      assertEquals(begun.get("base"), replay.get("in_force"));
      JsonNode tried = group(replay, "sets", "set", set).orElseThrow();
      assertEquals(
          "2 1 1",
          tried.get("decisions") + " " + tried.get("denied") + " " + tried.get("permitted"));
      assertTrue(group(replay, "sets", "set", begun.get("base").asText()).isPresent());
      assertTrue(replay(stranger, "?days=1", candidate)
          .expect(200)
          .json()
          .get("canary")
          .isNull());
    }
  }

  private static Optional<JsonNode> group(
      JsonNode replay, String groups, String name, String value) {
    for (JsonNode group : replay.get(groups)) {
      if (group.get(name).asText().equals(value)) {
        return Optional.of(group);
      }
    }
    return Optional.empty();
  }

  private Answer replay(HttpClient client, String query, String documents) {
    return Answer.to(
        client,
        wire.person("/api/v1/policy-sets/replay" + query)
            .header("Content-Type", "application/yaml")
            .POST(BodyPublishers.ofString(documents))
            .build());
  }
}

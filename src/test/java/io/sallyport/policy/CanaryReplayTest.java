package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay.Effect;
import io.sallyport.testing.Answer;
import io.sallyport.testing.LostFact;
import io.sallyport.testing.Plant;
import io.sallyport.testing.ServerTest;
import jakarta.inject.Inject;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** A canary that was ended does not come back with a restored database (law 9). */
@QuarkusTest
class CanaryReplayTest extends ServerTest {
  private static final String CANARY = "/api/v1/policy-sets/canary";

  @Inject
  CanaryReplay canaries;

  @Test
  void aCanaryThatWasAbandonedIsEndedAgain() {
    try (Plant plant = Plant.open(wire, "canary-restored")) {
      String number = begun(plant).get("number").asText();
      plant.person("POST", CANARY + "/abandon", null).expect(200);
      try {
        assertEndedAgain(plant, number);
      } finally {
        // The application is shared, and while a canary lives changes of policies are refused.
        plant.person("POST", CANARY + "/abandon", null);
      }
    }
  }

  private void assertEndedAgain(Plant plant, String number) {
    LogEntry lost = LostFact.of(plant.fact(number, "policy-canary.abandoned"));
    LostFact.restore(
        "update policy_canary set ended_at = null, outcome = null where number = ?",
        Long.parseLong(number));
    assertEquals(
        Effect.NONE, LostFact.replay(canaries, LostFact.with(lost, "candidate", "another")));

    assertEquals(Effect.DONE, LostFact.replay(canaries, lost));

    JsonNode ended = plant.person("GET", CANARY, null).expect(200).json();
    assertEquals("abandoned", ended.get("outcome").asText());
    assertEquals(lost.at(), Instant.parse(ended.get("ended_at").asText()));
    assertEquals(Effect.NONE, LostFact.replay(canaries, lost));
    plant.person("POST", CANARY + "/promote", null).expect(404);
  }

  private JsonNode begun(Plant plant) {
    try (HttpClient stranger = wire.client(null)) {
      return Answer.to(
              stranger,
              wire.person(CANARY + "?percent=1&profile=" + plant.name() + "&until="
                      + Instant.now().plus(Duration.ofHours(1)))
                  .header("Content-Type", "application/yaml")
                  .POST(BodyPublishers.ofString("""
                      apiVersion: sallyport.io/v1
                      kind: AccessPolicy
                      metadata: {name: canary-restored}
                      spec:
                        selector: {profile: canary-restored}
                        allow: [{peer: a.canary.example, protocol: tcp, ports: [1]}]
                      """))
                  .build())
          .expect(201)
          .json();
    }
  }
}

package io.sallyport.door.authzen;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.Verdict.Effect;
import io.sallyport.policy.Verdict.Network;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ObligationsTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

  @Test
  void aPermitCarriesAllThatItsPolicySaysOfTheNetwork() throws IOException {
    Network network = new Network(42, "cameras", 17, 2000, Duration.ofHours(1));
    assertEquals(new JsonArray("""
            [{"id":"vlan","type":"vlan","properties":{"vlan":42}},
             {"id":"filter-id","type":"filter-id","properties":{"filter_id":"cameras"}},
             {"id":"sgt","type":"sgt","properties":{"sgt":17}},
             {"id":"rate","type":"rate","properties":{"kbit_per_second":2000}},
             {"id":"session-timeout","type":"session-timeout","properties":{"seconds":3600}},
             {"id":"ttl","type":"ttl","properties":{"seconds":600}}]"""), of(permit(network, Duration.ofMinutes(10), null)));
  }

  @Test
  void thePermitLastsNoLongerThanWhatItRestsOn() throws IOException {
    assertEquals(
        new JsonArray("[{\"id\":\"ttl\",\"type\":\"ttl\",\"properties\":{\"seconds\":59}}]"),
        of(permit(null, Duration.ofMinutes(10), NOW.plusMillis(59_900))));
  }

  @Test
  void whatIsOverIsNotToBeKept() throws IOException {
    assertEquals(
        new JsonArray("[{\"id\":\"ttl\",\"type\":\"ttl\",\"properties\":{\"seconds\":0}}]"),
        of(permit(null, Duration.ofMinutes(10), NOW)));
  }

  private static JsonArray of(Decision decision) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      Obligations.write(decision, NOW, json);
      json.writeEndObject();
    }
    return new JsonObject(text.toString()).getJsonArray("obligations");
  }

  private static Decision permit(
      @Nullable Network network, Duration ttl, @Nullable Instant validUntil) {
    Verdict verdict = new Verdict(
        Effect.PERMIT,
        List.of("policy cameras: allows it"),
        "cameras",
        "video",
        "hash",
        List.of(),
        ttl,
        null,
        null,
        null,
        network,
        List.of());
    return new Decision(
        new UUID(0, 1), new UUID(0, 2), true, verdict.reasons(), verdict, null, validUntil);
  }
}

package io.sallyport.door.authzen;

import com.fasterxml.jackson.core.JsonGenerator;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.Verdict.Network;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What goes with an answer ({@code context.obligations}): a point that cannot meet one of them must deny. */
final class Obligations {
  private Obligations() {}

  /** Writes the field {@code obligations} when there are any. */
  static void write(Decision decision, Instant now, JsonGenerator json) throws IOException {
    Verdict verdict = decision.verdict();
    if (decision.permit()) {
      Network network = verdict.network();
      Long ttl = ttl(decision, now);
      if (network != null || ttl != null) {
        json.writeArrayFieldStart("obligations");
        write(network, json);
        if (ttl != null) {
          begin("ttl", "ttl", json);
          json.writeNumberField("seconds", ttl);
          end(json);
        }
        json.writeEndArray();
      }
    } else if (verdict.quarantineVlan() != null) {
      json.writeArrayFieldStart("obligations");
      number("quarantine", "vlan", "vlan", verdict.quarantineVlan(), json);
      json.writeEndArray();
    }
  }

  private static void write(@Nullable Network network, JsonGenerator json) throws IOException {
    if (network == null) {
      return;
    }
    number("vlan", "vlan", "vlan", network.vlan(), json);
    if (network.filterId() != null) {
      begin("filter-id", "filter-id", json);
      json.writeStringField("filter_id", network.filterId());
      end(json);
    }
    number("sgt", "sgt", "sgt", network.securityGroup(), json);
    number("rate", "rate", "kbit_per_second", network.rate(), json);
    if (network.sessionTimeout() != null) {
      begin("session-timeout", "session-timeout", json);
      json.writeNumberField("seconds", network.sessionTimeout().toSeconds());
      end(json);
    }
  }

  private static void number(
      String id, String type, String property, @Nullable Integer value, JsonGenerator json)
      throws IOException {
    if (value != null) {
      begin(id, type, json);
      json.writeNumberField(property, value);
      end(json);
    }
  }

  private static void begin(String id, String type, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("id", id);
    json.writeStringField("type", type);
    json.writeObjectFieldStart("properties");
  }

  private static void end(JsonGenerator json) throws IOException {
    json.writeEndObject();
    json.writeEndObject();
  }

  /** For how many seconds a point may go on with this answer; null when nothing ends it. */
  private static @Nullable Long ttl(Decision decision, Instant now) {
    Duration ttl = decision.verdict().ttl();
    Instant end = decision.validUntil();
    if (end == null) {
      return ttl == null ? null : ttl.toSeconds();
    }
    long left = Math.max(0, Duration.between(now, end).toSeconds());
    return ttl == null ? left : Math.min(left, ttl.toSeconds());
  }
}

package io.sallyport.door.authzen;

import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.Verdict.Network;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What goes with an answer ({@code context.obligations}): a point that cannot meet one of them must deny. */
final class Obligations {
  private Obligations() {}

  static List<Map<String, Object>> of(Decision decision, Instant now) {
    List<Map<String, Object>> all = new ArrayList<>();
    Verdict verdict = decision.verdict();
    if (!decision.permit()) {
      Integer quarantine = verdict.quarantineVlan();
      if (quarantine != null) {
        all.add(obligation("quarantine", "vlan", "vlan", quarantine));
      }
      return all;
    }
    Network network = verdict.network();
    if (network != null) {
      add(all, "vlan", "vlan", network.vlan());
      add(all, "filter-id", "filter_id", network.filterId());
      add(all, "sgt", "sgt", network.securityGroup());
      add(all, "rate", "kbit_per_second", network.rate());
      Duration session = network.sessionTimeout();
      add(all, "session-timeout", "seconds", session == null ? null : session.toSeconds());
    }
    add(all, "ttl", "seconds", ttl(decision, now));
    return all;
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

  private static void add(
      List<Map<String, Object>> all, String type, String property, @Nullable Object value) {
    if (value != null) {
      all.add(obligation(type, type, property, value));
    }
  }

  private static Map<String, Object> obligation(
      String id, String type, String property, Object value) {
    Map<String, Object> obligation = new LinkedHashMap<>();
    obligation.put("id", id);
    obligation.put("type", type);
    obligation.put("properties", Map.of(property, value));
    return obligation;
  }
}

package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.policy.ProposedPolicy.Seen;
import io.sallyport.policy.Question.RequestedFlow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProposedPolicyTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
  private static final String ZONE = """
      apiVersion: sallyport.io/v1
      kind: Segment
      metadata: {name: zone}
      spec: {mode: observe, devices: {profile: camera}}
      """;

  private static Seen seen(String peer, String protocol, int port) {
    return new Seen(new RequestedFlow(peer, protocol, port), 3, 2, NOW, NOW);
  }

  private static boolean permits(PolicySet policies, Seen one) {
    Question question =
        new Question(TestSubjects.of("camera", "plant-1", Map.of()), null, one.flow(), NOW);
    return policies.evaluate(question).permit();
  }

  @Test
  void permitsWhatWasSeenAndNothingBesides() {
    List<Seen> seen = List.of(
        seen("nvr.example", "tcp", 9000),
        seen("nvr.example", "tcp", 9001),
        seen("nvr.example", "tcp", 9003),
        seen("10.0.0.5", "icmp", 1 + 8),
        seen("nvr.example", "icmp", 257 + 128),
        seen("2001:db8::5", "icmp", 0),
        seen("2001:db8::5", "icmp", 257 + 128));
    String text = ProposedPolicy.of(ZONE, "camera", seen);
    assertTrue(text.contains("ports: [\"9000-9001\", \"9003\"]"), text);
    assertTrue(text.contains("icmpTypes: [\"8\"]"), text);
    assertTrue(text.contains("icmpTypes: [\"v6:128\"]"), text);
    List<String> documents = new ArrayList<>(List.of(text.split("(?m)^---\n")));
    documents.add(ZONE.replace("observe", "enforce"));
    PolicySet policies = PolicySet.compile(documents);
    seen.forEach(one -> assertTrue(permits(policies, one), () -> one + " by " + text));
    List.of(
            seen("nvr.example", "tcp", 9002),
            seen("nvr.example", "icmp", 0),
            seen("10.0.0.5", "icmp", 0),
            seen("10.0.0.5", "icmp", 1))
        .forEach(one -> assertFalse(permits(policies, one), () -> one + " by " + text));
  }
}

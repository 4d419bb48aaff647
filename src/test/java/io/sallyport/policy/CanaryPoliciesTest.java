package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.policy.CanaryPolicies.Share;
import io.sallyport.policy.Question.Described;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Subject;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CanaryPoliciesTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final Instant UNTIL = NOW.plusSeconds(600);
  private static final RequestedFlow OLD = new RequestedFlow("a.example", "tcp", 1);
  private static final RequestedFlow NEW = new RequestedFlow("a.example", "tcp", 2);
  private static final PolicySet BASE = PolicySet.compile(List.of(document(1)));
  private static final PolicySet CANDIDATE = PolicySet.compile(List.of(document(2)));

  private static String document(int port) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: p}
        spec: {allow: [{peer: a.example, protocol: tcp, ports: [%d]}]}
        """.formatted(port);
  }

  private static Subject device(int number) {
    UUID id = new UUID(0x0193516b00007000L + number, 0x8000000000000000L | number * 7919L);
    return new Described(
        id.toString(), "acme", "m", "1", "camera", "ops", "s1", Map.of(), "active", Set.of("p"));
  }

  private static CanaryPolicies canary(Share share) {
    return new CanaryPolicies(1, BASE, CANDIDATE, share, UNTIL);
  }

  private static boolean has(CanaryPolicies set, int device, Instant time) {
    boolean candidate =
        set.evaluate(new Question(device(device), null, NEW, time)).permit();
    assertEquals(
        !candidate, set.evaluate(new Question(device(device), null, OLD, time)).permit());
    return candidate;
  }

  @Test
  void aShareIsAboutAsLargeAsItSaysAndALargerOneHoldsItAll() {
    CanaryPolicies five = canary(new Share(5, null, null));
    CanaryPolicies twenty = canary(new Share(20, null, null));
    int[] few =
        IntStream.range(0, 20_000).filter(device -> has(five, device, NOW)).toArray();
    long more =
        IntStream.range(0, 20_000).filter(device -> has(twenty, device, NOW)).count();
    assertEquals(1000, few.length, 120);
    assertEquals(4000, more, 250);
    assertTrue(IntStream.of(few).allMatch(device -> has(twenty, device, NOW)));
    CanaryPolicies all = canary(new Share(100, null, null));
    assertTrue(IntStream.range(0, 1000).allMatch(device -> has(all, device, NOW)));
  }

  @Test
  void onlyTheMeantDevicesTakePart() {
    assertTrue(has(canary(new Share(100, "camera", "s1")), 1, NOW));
    assertFalse(has(canary(new Share(100, "camera", "s2")), 1, NOW));
    assertFalse(has(canary(new Share(100, "printer", null)), 1, NOW));
  }

  @Test
  void itEndsByItselfAndNoPermitOutlivesIt() {
    CanaryPolicies all = canary(new Share(100, null, null));
    Verdict verdict = all.evaluate(new Question(device(1), null, NEW, NOW));
    assertEquals(UNTIL, verdict.validUntil());
    assertEquals(CANDIDATE.hash(), verdict.policyHash());
    assertTrue(has(all, 1, UNTIL.minusMillis(1)));
    assertFalse(has(all, 1, UNTIL));
    assertTrue(all.isOver(UNTIL));
    assertEquals(
        BASE.hash(), all.evaluate(new Question(device(1), null, OLD, UNTIL)).policyHash());
  }

  @Test
  void theOtherSideIsAskedAndWhatIsTriedTellsTheSetsApart() {
    CanaryPolicies all = canary(new Share(100, null, null));
    assertFalse(all.other(new Question(device(1), null, NEW, NOW)).permit());
    assertEquals(BASE.hash(), all.hash());
    assertNotEquals(BASE.state(), all.state());
    assertTrue(all.unmet(new Question(device(1), null, NEW, NOW)).isEmpty());
    assertFalse(all.unmet(new Question(device(1), null, OLD, NOW)).isEmpty());
  }
}

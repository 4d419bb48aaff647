package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Subject;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Cost by counting: what a question looks at does not grow with the policies. */
class CandidatesTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

  private static AccessPolicy policy(int number, String selector) {
    return (AccessPolicy) PolicyReader.read("""
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: p%d}
        spec:
          selector: %s
          allow: [{peer: server-%d.example, protocol: tcp, ports: [443]}]
        """.formatted(number, selector, number));
  }

  private static Question question(int number) {
    Subject subject = TestSubjects.of(
        "profile-" + number % 10,
        "site-" + number / 10 % 100,
        Map.of("asset", "a" + number, "zone", "z" + number % 2));
    return new Question(
        subject, null, new RequestedFlow("server-" + number + ".example", "tcp", 443), NOW);
  }

  /** Policies looked at after every kind of device was asked about once. */
  private static long looked(int policies, String selector, boolean permit) {
    LongAdder looked = new LongAdder();
    PolicySet set = new CompiledPolicySet(
        IntStream.range(0, policies)
            .mapToObj(i -> policy(i, selector.formatted(i % 10, i / 10, i % 2)))
            .toList(),
        looked);
    IntStream.range(0, policies).forEach(i -> set.evaluate(question(i)));
    long before = looked.sum();
    assertTrue(before > 0);
    for (int i = 0; i < 10 * policies; i++) {
      assertEquals(permit, set.evaluate(question(i % policies)).permit());
    }
    return looked.sum() - before;
  }

  @Test
  void aKnownKindOfDeviceLooksAtNoPolicy() {
    for (int policies : List.of(10, 1000)) {
      assertEquals(0, looked(policies, "{profile: profile-%s, site: site-%s}", true));
      assertEquals(
          0, looked(policies, "{profile: profile-%s, site: site-%s, labels: {zone: z%s}}", true));
    }
  }

  @Test
  void ofManyRulesThoseAboutThePeerAreLookedAt() {
    List<AccessPolicy> policies =
        IntStream.range(0, 1000).mapToObj(i -> policy(i, "{labels: {}}")).toList();
    FlowIndex index = new FlowIndex(policies);
    assertEquals(1000, index.size());
    FlowIndex.Entry[] found = index.find(new RequestedFlow("SERVER-7.example", "tcp", 443), null);
    assertEquals(1, found.length);
    assertSame(policies.get(7), found[0].policy());
    assertEquals(0, index.find(new RequestedFlow("server-7.example", "udp", 443), null).length);
  }

  @Test
  void ofSeveralPrefixesTheFirstPolicyByNameDecides() {
    for (String wide : List.of("a", "c")) {
      PolicySet set =
          PolicySet.compile(List.of(prefix(wide, "10.0.0.0/8"), prefix("b", "10.1.0.0/16")));
      RequestedFlow inBoth = new RequestedFlow("10.1.2.3", "tcp", 443);
      Verdict verdict = set.evaluate(new Question(question(0).subject(), null, inBoth, NOW));
      assertEquals(wide.equals("a") ? "a" : "b", verdict.policy());
    }
  }

  private static String prefix(String name, String peer) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s}
        spec:
          allow: [{peer: %s, protocol: tcp, ports: [443]}]
        """.formatted(name, peer);
  }

  @Test
  void aPermitSaysWhatWasSaidBefore() {
    PolicySet set = new CompiledPolicySet(List.of(policy(0, "{profile: profile-0}")));
    Verdict one = set.evaluate(question(0));
    Verdict other = set.evaluate(question(0));
    assertTrue(one.permit());
    assertSame(one.reasons(), other.reasons());
    assertSame(one.flows(), other.flows());
  }
}

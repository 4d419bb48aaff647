package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Explanation.Change;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.AllowedFlow;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Types of ICMP in rules and questions; of which version they are, the peer's address says. */
class IcmpTypesTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

  private static String allow(String peer, String types) {
    return "apiVersion: sallyport.io/v1\nkind: AccessPolicy\nmetadata: {name: p}\nspec:\n"
        + "  allow:\n  - {peer: " + peer + ", protocol: icmp, icmpTypes: [" + types + "]}\n";
  }

  private static String forbid(String peer, String types) {
    return "apiVersion: sallyport.io/v1\nkind: AccessPolicy\nmetadata: {name: f}\nspec:\n"
        + "  effect: forbid\n  deny:\n  - {peer: " + peer + ", protocol: icmp"
        + (types.isEmpty() ? "" : ", icmpTypes: [" + types + "]") + "}\n";
  }

  private static final String SEGMENT =
      "apiVersion: sallyport.io/v1\nkind: Segment\nmetadata: {name: s}\nspec:\n"
          + "  peers: [10.0.0.0/8, \"2001:db8::/32\", a.example]\n";

  private static Question ask(String peer, String type) {
    RequestedFlow flow = type.isEmpty()
        ? new RequestedFlow(peer, "icmp", 0)
        : new RequestedFlow(peer, "icmp", IcmpTypes.one(type, peer));
    return new Question(TestSubjects.of("camera", "plant-1", Map.of()), null, flow, NOW);
  }

  private static String flows(String... documents) {
    Question all = new Question(TestSubjects.of("camera", "plant-1", Map.of()), null, null, NOW);
    return PolicySet.compile(List.of(documents)).evaluate(all).flows().stream()
        .map((AllowedFlow flow) -> FlowRule.words(flow))
        .collect(Collectors.joining("; "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "10.0.0.0/8|8|10.0.0.1|8|true",
        "10.0.0.0/8|echo-request|10.0.0.1|8|true",
        "10.0.0.0/8|8|10.0.0.1|echo-request|true",
        "10.0.0.0/8|8|10.0.0.1|0|false",
        "10.0.0.0/8|8|10.0.0.1||false",
        "10.0.0.0/8|\"0-255\"|10.0.0.1||true",
        "10.0.0.0/8|\"0-7\", \"8-255\"|10.0.0.1||true",
        "10.0.0.0/8|\"0-7\", \"9-255\"|10.0.0.1||false",
        "\"2001:db8::/32\"|128|2001:db8::1|echo-request|true",
        "\"2001:db8::/32\"|echo-request|2001:db8::1|128|true",
        "\"2001:db8::/32\"|echo-request|2001:db8::1|8|false",
        "a.example|echo-request|A.example|v4:8|true",
        "a.example|echo-request|a.example|v6:128|true",
        "a.example|echo-request|a.example|v6:8|false",
        "a.example|\"v4:8\"|a.example|v6:128|false",
        "a.example|packet-too-big|a.example|packet-too-big|true",
        "{segment: s}|echo-request|10.0.0.1|8|true",
        "{segment: s}|echo-request|2001:db8::1|128|true",
        "{segment: s}|\"v4:8\"|2001:db8::1|8|false",
        "{segment: s}|\"v4:8\"|a.example|v4:8|true"
      })
  void aRuleIsAboutItsTypes(String peer, String types, String asked, String type, boolean permit) {
    Verdict verdict = PolicySet.compile(List.of(allow(peer, types), SEGMENT))
        .evaluate(ask(asked, type == null ? "" : type));
    assertEquals(permit, verdict.permit(), verdict.reasons()::toString);
  }

  @Test
  void whatIsForbiddenIsTakenOutExactly() {
    String all = allow("10.0.0.0/8", "8").replace(", icmpTypes: [8]", "");
    assertEquals("icmp 10.0.0.0/8 0-7,9-255", flows(all, forbid("10.0.0.0/8", "echo-request")));
    assertEquals("", flows(allow("10.0.0.0/8", "8"), forbid("10.0.0.0/8", "")));
    assertEquals(
        "icmp a.example v6:128",
        flows(allow("a.example", "echo-request"), forbid("a.example", "\"v4:8\"")));
    assertEquals(
        "icmp 10.0.0.0/32; icmp 10.0.0.1/32 0-7,9-255",
        flows(all.replace("10.0.0.0/8", "10.0.0.0/31"), forbid("10.0.0.1", "8")));
    Verdict whole =
        PolicySet.compile(List.of(all, forbid("10.0.0.0/8", "8"))).evaluate(ask("10.0.0.1", ""));
    assertEquals(List.of("policy f: deny[0] forbids icmp 10.0.0.0/8 8"), whole.reasons());
  }

  @Test
  void aDenialNamesTheTypeThatIsNearest() {
    PolicySet set = PolicySet.compile(List.of(allow("10.0.0.0/8", "echo-request")));
    assertEquals(
        List.of("policy p allows icmp 10.0.0.0/8 8, you asked 13"),
        set.evaluate(ask("10.0.0.1", "timestamp-request")).reasons());
    assertEquals(
        List.of("policy p allows icmp 10.0.0.0/8 8, you asked all types"),
        set.evaluate(ask("10.0.0.1", "")).reasons());
    assertEquals(
        List.of("policy p: icmp to 11.0.0.1 type 8 is not among what it allows"),
        set.evaluate(ask("11.0.0.1", "8")).reasons());
    assertEquals(
        List.of("policy p allows icmp 10.0.0.0/8 8, you asked 13"),
        set.explain(ask("10.0.0.1", "13")).changes().stream().map(Change::words).toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "10.0.0.0/8|256|\"256\" is not within 0 to 255, the lower type first",
        "10.0.0.0/8|\"9-8\"|\"9-8\" is not within 0 to 255, the lower type first",
        "10.0.0.0/8|ping|\"ping\" is not a type of ICMP from 0 to 255, a range such as \"13-14\" or one of echo-reply, destination-unreachable",
        "10.0.0.0/8|packet-too-big|\"packet-too-big\" is not a type of IPv4, which the peer has",
        "10.0.0.0/8|\"v6:128\"|\"v6:128\" is not a type of IPv4, which the peer has",
        "a.example|8|\"8\" means one thing in IPv4 and another in IPv6, and the peer may have both: write \"v4:8\", \"v6:8\" or a name such as echo-request",
        "{segment: s}|8|\"8\" means one thing in IPv4",
        "10.0.0.0/8|[8]|must be a type of ICMP such as 8 or echo-request"
      })
  void whatIsNoTypeIsRefusedWithWhatToWrite(String peer, String types, String reason) {
    Refusal refusal = assertThrows(Refusal.class, () -> PolicyReader.read(allow(peer, types)));
    assertTrue(
        refusal.detail().startsWith("line 6, column ")
            && refusal.detail().contains("spec.allow[0].icmpTypes[0]: " + reason),
        refusal.detail());
  }

  @Test
  void typesStandBesideIcmpAloneAndInASegmentThatHasThem() {
    Refusal beside = assertThrows(
        Refusal.class, () -> PolicyReader.read(allow("10.0.0.0/8", "8").replace("icmp,", "tcp,")));
    assertTrue(
        beside.detail().endsWith("tcp has ports; write ports, or protocol: icmp"), beside.detail());
    Refusal other = assertThrows(
        Refusal.class,
        () -> PolicySet.compile(List.of(
            allow("{segment: s}", "packet-too-big"),
            SEGMENT.replaceFirst("peers: .*", "peers: [10.0.0.0/8]"))));
    assertEquals(
        "policy p wants in allow[0] types of ICMP that no peer of the segment s has: they are of"
            + " the other version of IP",
        other.detail());
  }
}

package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sallyport.policy.PolicyVersions.Analysis;
import io.sallyport.policy.PolicyVersions.Finding;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is found to be in vain, and what must not be. */
class PolicyAnalysisTest {
  private static String policy(String name, String spec) {
    return "apiVersion: sallyport.io/v1\nkind: AccessPolicy\nmetadata: {name: " + name
        + "}\nspec: {" + spec + "}\n";
  }

  private static String segment(String name, String spec) {
    return "apiVersion: sallyport.io/v1\nkind: Segment\nmetadata: {name: " + name + "}\nspec: {"
        + spec + "}\n";
  }

  private static String flow(String peer, String ports) {
    return "{peer: \"" + peer + "\", protocol: tcp, ports: [" + ports + "]}";
  }

  private static Analysis analysis(Collection<Set<String>> bounds, String... documents) {
    return new PolicyAnalysis(Stream.of(documents).map(PolicyReader::read).toList(), bounds)
        .analysis();
  }

  private static List<String> findings(String... documents) {
    return analysis(List.of(), documents).findings().stream()
        .map((Finding finding) -> finding.kind() + " " + finding.policy() + " " + finding.rule())
        .toList();
  }

  /** A permit {@code a} and a rule {@code b} of another that would do the same, and whether it is said of {@code b}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "allow: [10.0.0.0/8 1-100]|allow: [10.1.0.0/16 5-6]|true",
        "allow: [10.0.0.0/8 1-100]|allow: [10.0.0.0/8 1-100]|true",
        "allow: [10.0.0.0/8 1-100]|allow: [10.1.0.0/16 5-101]|false",
        "allow: [10.1.0.0/16 1-100]|allow: [10.0.0.0/8 5]|false",
        "allow: [a.example 1-100]|allow: [a.example 5]|true",
        "allow: [a.example 1-100]|allow: [b.example 5]|false",
        "allow: [0.0.0.0/0 1-100]|allow: [a.example 5]|false",
        "selector: {site: x}, allow: [a.example 1-100]|allow: [a.example 5]|false",
        "selector: {site: x}, allow: [a.example 1-100]|selector: {site: x, labels: {z: y}}, allow: [a.example 5]|true",
        "selector: {labels: {z: x}}, allow: [a.example 1-100]|selector: {labels: {z: y}}, allow: [a.example 5]|false",
        "conditions: ['device.site == \"x\"'], allow: [a.example 1-100]|allow: [a.example 5]|false",
        "conditions: ['device.site == \"x\"'], allow: [a.example 1-100]|conditions: ['device.site == \"x\"'], allow: [a.example 5]|true",
        "allow: [a.example 1-100]|conditions: ['device.site == \"x\"'], allow: [a.example 5]|true",
        "posture: {executables: {tier: warning, assurance: declared}}, allow: [a.example 1-100]|posture: {executables: {tier: affirming, assurance: hardware}}, allow: [a.example 5]|true",
        "posture: {executables: {tier: affirming, assurance: hardware}}, allow: [a.example 1-100]|posture: {executables: {tier: warning, assurance: hardware}}, allow: [a.example 5]|false",
        "posture: {executables: {tier: warning, assurance: declared}}, allow: [a.example 1-100]|posture: {hardware: {tier: affirming, assurance: hardware}}, allow: [a.example 5]|false",
        "during: [{from: \"08:00\", to: \"09:00\"}], allow: [a.example 1-100]|allow: [a.example 5]|false",
        "allow: [a.example 1-100]|during: [{from: \"08:00\", to: \"09:00\"}], allow: [a.example 5]|true",
        "posture: {executables: {tier: warning, assurance: declared}}, allow: [a.example 1-100]|posture: {executables: {tier: warning, assurance: declared}}, exceptions: [{owner: o, reason: r, until: 2026-12-31T00:00:00Z, selector: {site: x}, waives: [posture]}], allow: [a.example 5]|false",
        "effect: forbid, deny: [a.example 1-100]|effect: forbid, deny: [a.example 5]|true",
        "effect: forbid, conditions: ['device.site == \"x\"'], deny: [a.example 1-100]|effect: forbid, deny: [a.example 5]|false",
        "effect: forbid, exceptions: [{owner: o, reason: r, until: 2026-12-31T00:00:00Z, selector: {site: x}}], deny: [a.example 1-100]|effect: forbid, deny: [a.example 5]|false"
      })
  void aRuleIsCoveredByOneThatDoesTheSameWheneverItDoes(String a, String b, boolean covered) {
    assertEquals(
        covered ? List.of("COVERED b " + (b.contains("deny") ? "deny[0]" : "allow[0]")) : List.of(),
        findings(policy("a", flows(a)), policy("b", flows(b))));
  }

  private static String flows(String spec) {
    return spec.replaceAll(
        "(allow|deny): \\[(\\S+) ([0-9-]+)]",
        "$1: [{peer: \"$2\", protocol: tcp, ports: [\"$3\"]}]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "deny: [10.0.0.0/8 1-100]|true",
        "deny: [10.1.0.0/16 80]|true",
        "deny: [10.1.0.0/17 80]|false",
        "selector: {profile: camera}, deny: [10.0.0.0/8 80]|true",
        "selector: {profile: other}, deny: [10.0.0.0/8 80]|false",
        "conditions: ['device.site == \"x\"'], deny: [10.0.0.0/8 80]|false",
        "during: [{from: \"08:00\", to: \"09:00\"}], deny: [10.0.0.0/8 80]|false"
      })
  void aPermitIsInVainWhenAllOfItIsAlwaysForbidden(String forbid, boolean inVain) {
    assertEquals(
        inVain ? List.of("FORBIDDEN p allow[0]") : List.of(),
        findings(
            policy("f", "effect: forbid, " + flows(forbid)),
            policy("p", "selector: {profile: camera}, " + flows("allow: [10.1.0.0/16 80]"))));
  }

  @Test
  void severalForbidsTogetherTakeAllAndAreNamed() {
    Finding finding = analysis(
            List.of(),
            policy("f", "effect: forbid, " + flows("deny: [10.0.0.0/9 1-100]")),
            policy("g", "effect: forbid, " + flows("deny: [10.128.0.0/9 1-100]")),
            policy("p", flows("allow: [10.0.0.0/8 80]")))
        .findings()
        .getFirst();
    assertEquals(
        "policy p: allow[0] permits nothing: what it allows is always forbidden by policy f: deny[0], policy g: deny[0]",
        finding.words());
  }

  @Test
  void aProfileThatLetsOnlyTheCoveredOnePermitKeepsIt() {
    String a = policy("a", flows("allow: [a.example 1-100]"));
    String b = policy("b", flows("allow: [a.example 5]"));
    assertEquals(1, analysis(List.of(Set.of("a", "b")), a, b).findings().size());
    assertEquals(List.of(), analysis(List.of(Set.of("b")), a, b).findings());
  }

  @Test
  void anEssentialRuleIsNeverInVain() {
    assertEquals(
        List.of(),
        findings(
            policy("a", flows("allow: [a.example 1-100]")),
            policy(
                "b",
                "allow: [{peer: a.example, protocol: tcp, ports: [5], essential: {owner: o, longest: PT1H}}]")));
  }

  @Test
  void aSegmentCountsWhenAllItsPeersDo() {
    String wide = policy("a", flows("allow: [10.0.0.0/8 1-100]"));
    String named =
        policy("b", "allow: [{name: r, peer: {segment: s}, protocol: tcp, ports: [80]}]");
    assertEquals(
        List.of("COVERED b r"),
        findings(wide, named, segment("s", "peers: [10.1.0.0/16, 10.2.0.1]")));
    assertEquals(List.of(), findings(wide, named, segment("s", "peers: [10.1.0.0/16, 11.2.0.1]")));
  }

  @Test
  void aSelectorThatItsSegmentExcludesSelectsNobody() {
    assertEquals(
        List.of("SELECTS_NOBODY p null"),
        findings(
            segment("s", "devices: {site: x}"),
            policy("p", "selector: {segment: s, site: y}, " + flows("allow: [a.example 5]"))));
  }

  @Test
  void whatRunsBetweenSecurityLevelsIsSaid() {
    assertEquals(
        "[Conduit[policy=p, rule=r, direction=FROM_DEVICE, segment=cell, level=3, peer=office, peerLevel=1]]",
        analysis(
                List.of(),
                segment("cell", "securityLevel: 3, devices: {site: x}"),
                segment("office", "securityLevel: 1, peers: [10.0.0.0/8]"),
                segment("same", "securityLevel: 3, peers: [11.0.0.0/8]"),
                policy(
                    "p",
                    "selector: {segment: cell}, allow: [{name: r, peer: {segment: office}, protocol: tcp, ports: [443]},"
                        + " {peer: {segment: same}, protocol: tcp, ports: [443]}, "
                        + flow("10.0.0.1", "80")
                        + "]"))
            .conduits()
            .toString());
  }

  @Test
  void aPeerOfAMudFileRunsToEverySegmentThatStandsForIt() {
    assertEquals(
        List.of("office 1", "plant 2"),
        analysis(
                List.of(),
                segment("cell", "securityLevel: 3, devices: {site: x}"),
                segment("plant", "securityLevel: 2, mud: [my-controller], peers: [11.0.0.0/8]"),
                segment("office", "securityLevel: 1, mud: [my-controller], peers: [10.0.0.0/8]"),
                segment("same", "securityLevel: 3, mud: [my-controller], peers: [12.0.0.0/8]"),
                segment("other", "securityLevel: 0, mud: [local-networks], peers: [13.0.0.0/8]"),
                policy(
                    "p",
                    "selector: {segment: cell}, allow: [{peer: {mud: my-controller}, protocol: tcp, ports: [443]},"
                        + " {peer: {mud: same-manufacturer}, protocol: tcp, ports: [443]}]"))
            .conduits()
            .stream()
            .map(conduit -> conduit.peer() + " " + conduit.peerLevel())
            .toList());
  }
}

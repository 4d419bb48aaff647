package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Essential;
import io.sallyport.policy.Verdict.Network;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PolicyReaderTest {
  private static final String CAMERAS = """
      apiVersion: sallyport.io/v1
      kind: AccessPolicy
      metadata: {name: cameras}
      spec:
        selector: {profile: camera, site: plant-1, labels: {zone: perimeter}}
        posture:
          executables: {tier: warning, assurance: signed-software}
        conditions:
          - posture.firmware.version == "1.3.0"
        allow:
          - {peer: VMS.plant.example, protocol: tcp, ports: [8554, "9000-9010"]}
          - {peer: 10.20.0.0/16, protocol: udp, ports: [123], essential: {owner: ops@plant, longest: PT4H}}
          - {peer: "2001:db8::1", protocol: icmp}
        grant: {ttl: PT5M}
        otherwise: {quarantineVlan: 666}
        network: {vlan: 42, filterId: camera-in}
      """;

  /** A document that is good until {@code spec}, which begins at line 5. */
  private static String spec(String body) {
    return "apiVersion: sallyport.io/v1\nkind: AccessPolicy\nmetadata: {name: p}\nspec:\n" + body;
  }

  private static String condition(String body) {
    return spec("  allow: [{peer: a.example, protocol: icmp}]\n  conditions:\n" + body);
  }

  private static String allow(String flow) {
    return spec("  allow:\n  - " + flow + "\n");
  }

  @Test
  void aWholeDocumentIsReadAsItIsWritten() {
    AccessPolicy policy = (AccessPolicy) PolicyReader.read(CAMERAS);
    assertEquals("cameras", policy.name());
    assertEquals(
        new AccessPolicy.Selector(
            "camera", null, null, "plant-1", Map.of("zone", "perimeter"), null),
        policy.selector());
    assertEquals(
        List.of(new PostureRequirement("executables", "warning", "signed-software")),
        policy.requirements());
    assertEquals(
        List.of(
            new AllowedFlow("vms.plant.example", "tcp", List.of("8554", "9000-9010")),
            new AllowedFlow("10.20.0.0/16", "udp", List.of("123")),
            new AllowedFlow("2001:db8::1/128", "icmp", List.of())),
        policy.flows());
    assertEquals(
        new Essential("ops@plant", Duration.ofHours(4)), policy.rules().get(1).essential());
    assertEquals(Duration.ofMinutes(5), policy.ttl());
    assertEquals(666, policy.quarantineVlan());
    assertEquals(new Network(42, "camera-in"), policy.network());
    assertTrue(policy.restsOnPosture());
  }

  @Test
  void onlyNameAndFlowsAreNeeded() {
    AccessPolicy policy = (AccessPolicy)
        PolicyReader.read(allow("{peer: a.example, protocol: tcp, ports: [\"443\"]}"));
    assertEquals(AccessPolicy.Selector.ALL, policy.selector());
    assertEquals(Duration.ofMinutes(10), policy.ttl());
    assertEquals(null, policy.quarantineVlan());
    assertEquals(null, policy.network());
    assertEquals(false, policy.restsOnPosture());
  }

  private static String forbid(String body) {
    return spec("  effect: forbid\n" + body);
  }

  @Test
  void aForbidSaysWhatItDenies() {
    AccessPolicy policy = (AccessPolicy)
        PolicyReader.read(
            forbid(
                "  deny: [{name: telnet, peer: 10.0.0.0/8, protocol: tcp, ports: [23]}, {peer: a.example, protocol: icmp}]\n"));
    assertTrue(policy.forbids());
    assertEquals(
        List.of("telnet", "deny[1]"),
        policy.rules().stream().map(FlowRule::name).toList());
    assertEquals(
        List.of(
            new AllowedFlow("10.0.0.0/8", "tcp", List.of("23")),
            new AllowedFlow("a.example", "icmp", List.of())),
        policy.flows());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badDocuments")
  void aBadDocumentIsRefusedWithPlaceAndReason(String name, String document, String detail) {
    Refusal refusal = assertThrows(Refusal.class, () -> PolicyReader.read(document));
    assertEquals(PolicyProblem.INVALID_POLICY, refusal.problem());
    assertEquals(detail, refusal.detail());
  }

  static Stream<Arguments> badDocuments() {
    return Stream.of(
        bad("empty", "", "line 1, column 1: the document is empty"),
        bad("only a comment", "# nothing\n", "line 1, column 1: the document is empty"),
        bad("a scalar", "hello\n", "line 1, column 1: the document: must have fields, not be text"),
        bad(
            "not YAML",
            "kind: [\n",
            "line 2, column 1: this is not YAML: expected the node content, but found '<stream end>'"),
        bad(
            "a tab",
            "kind:\n\t- x\n",
            "line 2, column 1: this is not YAML: found character '\\t(TAB)' that cannot start any token. (Do not use \\t(TAB) for indentation)"),
        bad(
            "a NUL",
            "a: 1\nbc: x\0\n",
            "line 2, column 6: this is not YAML: special characters are not allowed"),
        bad(
            "half a surrogate pair",
            "a: \ud800\n",
            "line 1, column 4: this is not YAML: special characters are not allowed"),
        bad(
            "two documents",
            CAMERAS + "---\n" + CAMERAS,
            "line 18, column 1: a second document begins here; apply one policy at a time"),
        bad(
            "too long",
            "#" + "x".repeat(YamlReader.MOST_OCTETS),
            "line 1, column 1: the document is longer than 262144 octets; split the policy"),
        bad(
            "too long in octets",
            "#" + "é".repeat(YamlReader.MOST_OCTETS / 2),
            "line 1, column 1: the document is longer than 262144 octets; split the policy"),
        bad(
            "too deep",
            "a: " + "[".repeat(16) + "]".repeat(16),
            "line 1, column 19: the document is nested deeper than 16 levels"),
        bad(
            "very deep",
            "a: " + "[".repeat(100_000),
            "line 1, column 19: the document is nested deeper than 16 levels"),
        bad(
            "an alias",
            "a: &x [1]\nb: *x\n",
            "line 1, column 4: anchors and aliases (& and *) are not allowed; write the value out"),
        bad(
            "an alias alone",
            "a: *x\n",
            "line 1, column 4: anchors and aliases (& and *) are not allowed; write the value out"),
        bad(
            "an anchored key",
            "&x a: 1\n",
            "line 1, column 1: anchors and aliases (& and *) are not allowed; write the value out"),
        bad(
            "a tag",
            "a: !!int \"3\"\n",
            "line 1, column 4: tags (!) are not allowed; leave the tag out"),
        bad(
            "a key that is a list",
            "? [a]\n: 1\n",
            "line 1, column 4: this is not YAML: Expected a field name (Scalar value in YAML), got this instead: <org.yaml.snakeyaml.events.SequenceStartEvent(anchor=null, tag=null, implicit=true)>"),
        bad(
            "a field twice",
            CAMERAS + "kind: AccessPolicy\n",
            "line 17, column 1: the field \"kind\" stands twice, first in line 2"),
        bad(
            "unknown field at the top",
            CAMERAS + "status: {}\n",
            "line 17, column 1: the document: unknown field \"status\"; known here: apiVersion, kind, metadata, spec"),
        bad(
            "merge key",
            CAMERAS + "<<: {}\n",
            "line 17, column 1: the document: unknown field \"<<\"; known here: apiVersion, kind, metadata, spec"),
        bad(
            "other version",
            CAMERAS.replace("/v1", "/v2"),
            "line 1, column 13: apiVersion: \"sallyport.io/v2\" is not one of sallyport.io/v1"),
        bad(
            "other kind",
            CAMERAS.replace("kind: AccessPolicy", "kind: DeviceProfile"),
            "line 2, column 7: kind: \"DeviceProfile\" is not one of AccessPolicy, Segment"),
        bad(
            "a forbid that allows",
            forbid("  allow: [{peer: a.example, protocol: icmp}]\n"),
            "line 6, column 10: spec.allow: a policy with effect: forbid has deny: instead"),
        bad(
            "a permit that denies",
            spec("  deny: [{peer: a.example, protocol: icmp}]\n"),
            "line 5, column 9: spec.deny: stands only in a policy with effect: forbid; what is not allowed is denied"),
        bad(
            "a forbid that denies nothing",
            forbid("  conditions: ['true']\n"),
            "line 5, column 3: spec.deny: is missing"),
        bad(
            "a forbid with least posture",
            forbid("  posture: {executables: {tier: warning, assurance: hardware}}\n"),
            "line 6, column 12: spec.posture: is the least that a permit needs; in a forbid write a condition, for instance posture.claims[\"executables\"].tier == \"contraindicated\""),
        bad(
            "a forbid that grants",
            forbid("  grant: {ttl: PT1M}\n"),
            "line 6, column 10: spec.grant: a policy with effect: forbid permits nothing; leave the field out"),
        bad(
            "an effect that is none",
            spec("  effect: deny\n"),
            "line 5, column 11: spec.effect: \"deny\" is not one of permit, forbid"),
        bad(
            "an essential forbid",
            forbid(
                "  deny: [{peer: a.example, protocol: icmp, essential: {owner: o, longest: PT1H}}]\n"),
            "line 6, column 44: spec.deny[0]: unknown field \"essential\"; known here: name, peer, protocol, ports, icmpTypes, direction"),
        bad(
            "two rules of one name",
            spec(
                "  allow: [{name: x, peer: a.example, protocol: icmp}, {name: x, peer: b.example, protocol: icmp}]\n"),
            "line 5, column 62: spec.allow[1].name: another rule has the name \"x\" already"),
        bad(
            "no kind",
            CAMERAS.replace("kind: AccessPolicy\n", ""),
            "line 1, column 1: kind: is missing"),
        bad(
            "no name",
            CAMERAS.replace("{name: cameras}", "{}"),
            "line 3, column 11: metadata.name: is missing"),
        bad(
            "upper-case name",
            CAMERAS.replace("name: cameras", "name: Cameras"),
            "line 3, column 18: metadata.name: \"Cameras\" is not a name; use lower-case letters, digits and hyphens, and no hyphen at an end"),
        bad(
            "long name",
            CAMERAS.replace("name: cameras", "name: " + "a".repeat(64)),
            "line 3, column 18: metadata.name: is 64 characters long; at most 63 are allowed"),
        bad(
            "number as name",
            CAMERAS.replace("name: cameras", "name: 7"),
            "line 3, column 18: metadata.name: must be text, but 7 is a whole number; put it in quotes"),
        bad(
            "annotations",
            CAMERAS.replace("name: cameras", "name: p, labels: {}"),
            "line 3, column 21: metadata: unknown field \"labels\"; known here: name"),
        bad(
            "misspelt selector",
            spec("  selctor: {}\n  allow: []\n"),
            "line 5, column 3: spec: unknown field \"selctor\"; known here: effect, mode, selector, posture, conditions, allow, deny, grant, network, otherwise, during, exceptions, breakGlass"),
        bad(
            "selector is a list",
            CAMERAS.replace(
                "{profile: camera, site: plant-1, labels: {zone: perimeter}}", "[camera]"),
            "line 5, column 13: spec.selector: must have fields, not be a list"),
        bad(
            "selector is empty",
            spec("  selector:\n  allow: []\n"),
            "line 5, column 12: spec.selector: must have fields, not be empty"),
        bad(
            "label is a truth",
            CAMERAS.replace("zone: perimeter", "zone: yes"),
            "line 5, column 61: spec.selector.labels.zone: must be text, but yes is true or false; put it in quotes"),
        bad(
            "unknown claim",
            CAMERAS.replace("executables:", "firmware:"),
            "line 7, column 5: spec.posture: unknown field \"firmware\"; known here: instance-identity, configuration, executables, file-system, hardware, runtime-opaque, storage-opaque, sourced-data"),
        bad(
            "unknown tier",
            CAMERAS.replace("tier: warning", "tier: good"),
            "line 7, column 25: spec.posture.executables.tier: \"good\" is not one of affirming, warning, contraindicated"),
        bad(
            "tier none",
            CAMERAS.replace("tier: warning", "tier: none"),
            "line 7, column 25: spec.posture.executables.tier: \"none\" is not one of affirming, warning, contraindicated"),
        bad(
            "unknown assurance",
            CAMERAS.replace("signed-software", "signed"),
            "line 7, column 45: spec.posture.executables.assurance: \"signed\" is not one of declared, network-observed, signed-software, hardware"),
        bad(
            "no assurance",
            CAMERAS.replace(", assurance: signed-software", ""),
            "line 7, column 18: spec.posture.executables.assurance: is missing"),
        bad("no flows", spec("  grant: {ttl: PT5M}\n"), "line 5, column 3: spec.allow: is missing"),
        bad(
            "empty flows",
            spec("  allow: []\n"),
            "line 5, column 10: spec.allow: must not be an empty list"),
        bad(
            "flows are fields",
            spec("  allow: {peer: a}\n"),
            "line 5, column 10: spec.allow: must be a list, not fields"),
        bad(
            "too many flows",
            spec("  allow: [" + "{peer: a, protocol: icmp},".repeat(257) + "]\n"),
            "line 5, column 10: spec.allow: has 257 items; at most 256 are allowed"),
        bad(
            "no peer",
            allow("{protocol: tcp, ports: [1]}"),
            "line 6, column 5: spec.allow[0].peer: is missing"),
        bad(
            "peer with bits behind",
            allow("{peer: 10.20.0.1/16, protocol: icmp}"),
            "line 6, column 12: spec.allow[0].peer: \"10.20.0.1/16\" has bits set behind its prefix length; write the first address of the network"),
        bad(
            "prefix too long",
            allow("{peer: 10.0.0.0/33, protocol: icmp}"),
            "line 6, column 12: spec.allow[0].peer: \"10.0.0.0/33\" is not an IP address or CIDR prefix, for instance 10.20.0.0/16 or 2001:db8::/32"),
        bad(
            "octet too large",
            allow("{peer: 10.0.0.256, protocol: icmp}"),
            "line 6, column 12: spec.allow[0].peer: \"10.0.0.256\" is not an IP address or CIDR prefix, for instance 10.20.0.0/16 or 2001:db8::/32"),
        bad(
            "IPv6 with two gaps",
            allow("{peer: \"1::2::3\", protocol: icmp}"),
            "line 6, column 12: spec.allow[0].peer: \"1::2::3\" is not an IP address or CIDR prefix, for instance 10.20.0.0/16 or 2001:db8::/32"),
        bad(
            "peer is a URL",
            allow("{peer: \"https://a\", protocol: icmp}"),
            "line 6, column 12: spec.allow[0].peer: \"https://a\" is not an IP address or CIDR prefix, for instance 10.20.0.0/16 or 2001:db8::/32"),
        bad(
            "peer with a wildcard",
            allow("{peer: \"*.a.example\", protocol: icmp}"),
            "line 6, column 12: spec.allow[0].peer: \"*.a.example\" is neither a DNS name nor a CIDR prefix"),
        bad(
            "peer with a Kelvin sign",
            allow("{peer: \u212A.example, protocol: icmp}"),
            "line 6, column 12: spec.allow[0].peer: \"k.example\" is neither a DNS name nor a CIDR prefix"),
        bad(
            "unknown protocol",
            allow("{peer: a, protocol: TCP, ports: [1]}"),
            "line 6, column 25: spec.allow[0].protocol: \"TCP\" is not one of tcp, udp, icmp"),
        bad(
            "no ports",
            allow("{peer: a, protocol: tcp}"),
            "line 6, column 5: spec.allow[0].ports: is missing"),
        bad(
            "one port without a list",
            allow("{peer: a, protocol: tcp, ports: 1}"),
            "line 6, column 37: spec.allow[0].ports: must be a list, not a whole number"),
        bad(
            "icmp with ports",
            allow("{peer: a, protocol: icmp, ports: [1]}"),
            "line 6, column 38: spec.allow[0].ports: icmp has no ports; leave the field out, or write icmpTypes"),
        bad(
            "port zero",
            allow("{peer: a, protocol: tcp, ports: [0]}"),
            "line 6, column 38: spec.allow[0].ports[0]: \"0\" is not a port from 1 to 65535 or a range such as \"9000-9010\""),
        bad(
            "port too large",
            allow("{peer: a, protocol: tcp, ports: [1, 65536]}"),
            "line 6, column 41: spec.allow[0].ports[1]: \"65536\" is not a port from 1 to 65535 or a range such as \"9000-9010\""),
        bad(
            "octal port",
            allow("{peer: a, protocol: tcp, ports: [0644]}"),
            "line 6, column 38: spec.allow[0].ports[0]: \"0644\" is not a port from 1 to 65535 or a range such as \"9000-9010\""),
        bad(
            "range backwards",
            allow("{peer: a, protocol: tcp, ports: [\"9-8\"]}"),
            "line 6, column 38: spec.allow[0].ports[0]: \"9-8\" runs backwards; write the lower port first"),
        bad(
            "port is a truth",
            allow("{peer: a, protocol: tcp, ports: [true]}"),
            "line 6, column 38: spec.allow[0].ports[0]: must be a port or a range such as \"9000-9010\""),
        bad(
            "essential for ever",
            allow("{peer: a, protocol: icmp, essential: {owner: x, longest: P31D}}"),
            "line 6, column 62: spec.allow[0].essential.longest: \"P31D\" must be whole seconds, from PT1S to PT720H"),
        bad(
            "essential of nobody",
            allow("{peer: a, protocol: icmp, essential: {longest: P1D}}"),
            "line 6, column 42: spec.allow[0].essential.owner: is missing"),
        bad(
            "duration in words",
            CAMERAS.replace("PT5M", "5 minutes"),
            "line 14, column 16: spec.grant.ttl: \"5 minutes\" is not a duration; write it as in ISO 8601, for instance PT10M"),
        bad(
            "negative duration",
            CAMERAS.replace("PT5M", "PT-5M"),
            "line 14, column 16: spec.grant.ttl: \"PT-5M\" must be whole seconds, from PT1S to PT24H"),
        bad(
            "duration overflow",
            CAMERAS.replace("PT5M", "P99999999999999999D"),
            "line 14, column 16: spec.grant.ttl: \"P99999999999999999D\" is not a duration; write it as in ISO 8601, for instance PT10M"),
        bad(
            "VLAN zero",
            CAMERAS.replace("666", "0"),
            "line 15, column 31: spec.otherwise.quarantineVlan: 0 is not a whole number from 1 to 4094"),
        bad(
            "VLAN as text",
            CAMERAS.replace("666", "\"666\""),
            "line 15, column 31: spec.otherwise.quarantineVlan: must be a whole number, not text"),
        bad(
            "VLAN in hexadecimal",
            CAMERAS.replace("666", "0x10"),
            "line 15, column 31: spec.otherwise.quarantineVlan: 0x10 is not a whole number from 1 to 4094"),
        bad(
            "network VLAN beyond 4094",
            CAMERAS.replace("vlan: 42", "vlan: 4095"),
            "line 16, column 19: spec.network.vlan: 4095 is not a whole number from 1 to 4094"),
        bad(
            "a security group that is reserved",
            spec("  network: {securityGroup: 1}\n  allow: [{peer: a.example, protocol: icmp}]\n"),
            "line 5, column 28: spec.network.securityGroup: 1 is not a whole number from 2 to 65519"),
        bad(
            "a rate of nothing",
            spec("  network: {rate: 0}\n  allow: [{peer: a.example, protocol: icmp}]\n"),
            "line 5, column 19: spec.network.rate: 0 is not a whole number from 1 to 4294967"),
        bad(
            "a session of seconds",
            spec(
                "  network: {sessionTimeout: PT59S}\n  allow: [{peer: a.example, protocol: icmp}]\n"),
            "line 5, column 29: spec.network.sessionTimeout: must be at least PT1M; each end of a session is an authentication of its own"),
        bad(
            "a direction that is none",
            allow("{peer: a.example, protocol: icmp, direction: both}"),
            "line 6, column 50: spec.allow[0].direction: \"both\" is not one of from-device, to-device"),
        bad(
            "a network in a condition that is none",
            condition("  - inNetwork(location.address, \"10.0.0.1/8\")\n"),
            "line 7, column 33: spec.conditions[0]: \"10.0.0.1/8\" is not an IP address or CIDR prefix, for instance 10.20.0.0/16 or 2001:db8::/32"),
        bad(
            "a window that ends before it begins",
            allow("{peer: a.example, protocol: icmp}")
                + "  during: [{from: 2026-11-22T20:00:00Z, until: 2026-11-22T20:00:00Z}]\n",
            "line 7, column 12: spec.during[0]: ends before it begins"),
        bad(
            "a time of day without its zero",
            allow("{peer: a.example, protocol: icmp}")
                + "  during: [{days: [mon], from: \"8:00\", to: \"17:00\"}]\n",
            "line 7, column 32: spec.during[0].from: \"8:00\" is not a time of day, from \"00:00\" to \"23:59\", in quotes"),
        bad(
            "a time zone that is none",
            allow("{peer: a.example, protocol: icmp}")
                + "  during: [{from: \"08:00\", to: \"17:00\", zone: Berlin}]\n",
            "line 7, column 47: spec.during[0].zone: \"Berlin\" is not a time zone, for instance Europe/Berlin"),
        bad(
            "an exception for all",
            allow("{peer: a.example, protocol: icmp}")
                + "  exceptions: [{owner: o, reason: r, until: 2026-11-22T20:00:00Z, waives: [posture]}]\n",
            "line 7, column 16: spec.exceptions[0]: needs a selector or devices; an exception for all is another policy"),
        bad(
            "an exception without an end",
            allow("{peer: a.example, protocol: icmp}")
                + "  exceptions: [{owner: o, reason: r, devices: [x], waives: [posture]}]\n",
            "line 7, column 16: spec.exceptions[0].until: is missing"),
        bad(
            "an end that is no moment",
            allow("{peer: a.example, protocol: icmp}")
                + "  breakGlass: {owner: o, reason: r, until: tomorrow}\n",
            "line 7, column 44: spec.breakGlass.until: \"tomorrow\" is not a moment; write it as in ISO 8601, for instance 2026-11-22T20:00:00Z"),
        bad(
            "a forbid in need",
            forbid(
                "  deny: [{peer: a.example, protocol: icmp}]\n  breakGlass: {owner: o, reason: r, until: 2026-11-22T20:00:00Z}\n"),
            "line 7, column 15: spec.breakGlass: a policy with effect: forbid permits nothing; leave it out"),
        bad(
            "network without anything",
            CAMERAS.replace("{vlan: 42, filterId: camera-in}", "{}"),
            "line 16, column 12: spec.network: needs vlan, filterId, securityGroup, rate or sessionTimeout"),
        bad(
            "an essential flow in a policy with an end",
            CAMERAS + "  breakGlass: {owner: o, reason: r, until: 2026-11-22T20:00:00Z}\n",
            "line 11, column 5: spec.allow: has an essential flow, which outlives the loss of Sallyport and so any"
                + " end; put it into a policy without during, exceptions and breakGlass"),
        bad(
            "a filter too long to travel with a rate",
            CAMERAS.replace("filterId: camera-in", "rate: 512, filterId: " + "f".repeat(59)),
            "line 16, column 12: spec.network: has a filterId of 59 characters; beside securityGroup or rate it may have 58"),
        bad(
            "network with a field that it has not",
            CAMERAS.replace("filterId: camera-in", "acl: camera-in"),
            "line 16, column 23: spec.network: unknown field \"acl\"; known here: vlan, filterId, securityGroup, rate, sessionTimeout"),
        bad(
            "filter that a RADIUS server would expand",
            CAMERAS.replace("camera-in", "'%{client:secret}'"),
            "line 16, column 33: spec.network.filterId: \"%{client:secret}\" must be visible ASCII"
                + " without spaces, quotes, backslash and percent sign"),
        bad(
            "filter outside ASCII",
            CAMERAS.replace("camera-in", "kamera-\u00fc"),
            "line 16, column 33: spec.network.filterId: \"kamera-\u00fc\" must be visible ASCII"
                + " without spaces, quotes, backslash and percent sign"),
        bad(
            "filter that is too long",
            CAMERAS.replace("camera-in", "f".repeat(65)),
            "line 16, column 33: spec.network.filterId: is 65 characters long; at most 64 are allowed"),
        bad(
            "condition does not parse",
            condition("  - device.id ==\n"),
            "line 7, column 17: spec.conditions[0]: mismatched input '<EOF>'"),
        bad(
            "condition is not bool",
            condition("  - \"1 + 1\"\n"),
            "line 7, column 8: spec.conditions[0]: expected type 'bool' but found 'int'"),
        bad(
            "condition on an unknown variable",
            condition("  - true\n"),
            "line 7, column 5: spec.conditions[0]: must be text, but true is true or false; put it in quotes"),
        bad(
            "condition with a misspelt field",
            condition("  - device.id == 'x'\n  - device.modle == 'x'\n"),
            "line 8, column 11: spec.conditions[1]: undefined field 'modle'"),
        bad(
            "condition that compares text and number",
            condition("  - posture.firmware.version == 1.3\n"),
            "line 7, column 30: spec.conditions[0]: found no matching overload for '_==_' applied to '(string, double)'"),
        bad(
            "fault in a block",
            condition("  - |\n    device.id == 'x' &&\n      nothing == 1\n"),
            "line 9, column 7: spec.conditions[0]: undeclared reference to 'nothing'"),
        bad(
            "fault in a folded condition",
            condition("  - >-\n    device.id == 'x' &&\n    nothing == 1\n"),
            "line 7, column 5: spec.conditions[0]: undeclared reference to 'nothing'"),
        bad(
            "version that is none",
            condition("  - atLeastVersion(posture.firmware.version, '1.x')\n"),
            "line 7, column 46: spec.conditions[0]: \"1.x\" is not a version; a version is for instance 1.3.0 or 2.0.0-rc.1"),
        bad(
            "condition too long",
            condition("  - \"" + "a".repeat(2049) + "\"\n"),
            "line 7, column 5: spec.conditions[0]: is 2049 characters long; at most 2048 are allowed"),
        bad(
            "condition nested too deep",
            condition("  - \"" + "(".repeat(40) + "true" + ")".repeat(40) + "\"\n"),
            "line 7, column 6: spec.conditions[0]: Expression recursion limit exceeded. limit: 32"),
        bad(
            "pattern that is none",
            condition("  - device.id.matches('[')\n"),
            "line 7, column 23: spec.conditions[0]: \"[\" is not a regular expression of RE2"));
  }

  private static Arguments bad(String name, String document, String detail) {
    return Arguments.of(name, document, detail);
  }
}

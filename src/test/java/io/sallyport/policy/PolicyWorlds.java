package io.sallyport.policy;

import io.sallyport.policy.OracleEvaluator.Doc;
import io.sallyport.policy.OracleEvaluator.Flow;
import io.sallyport.policy.OracleEvaluator.Meant;
import io.sallyport.policy.Question.Described;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Signalled;
import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Verdict.Essential;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** Small worlds of policies and questions in which things often meet. */
abstract class PolicyWorlds {
  static final Instant START = Instant.parse("2026-11-22T12:00:00Z");

  private static final Instant MOMENT = START.plusSeconds(120);

  private static final List<String> TIERS = List.of("affirming", "warning", "contraindicated");
  private static final List<String> ASSURANCES =
      List.of("declared", "network-observed", "signed-software", "hardware");
  private static final List<String> CLAIMS = List.of("executables", "instance-identity");

  private static final List<Meant> CONDITIONS = List.of(
      new Meant(
          "device.site == \"s1\"", false, q -> Optional.of(q.subject().site().equals("s1"))),
      new Meant(
          "device.labels.zone != \"a\"",
          false,
          q ->
              Optional.ofNullable(q.subject().labels().get("zone")).map(zone -> !zone.equals("a"))),
      new Meant(
          "posture.firmware.version == \"1.3.0\"",
          true,
          q -> version(q).map(version -> version.equals("1.3.0"))),
      new Meant(
          "atLeastVersion(posture.firmware.version, \"1.3\")",
          true,
          q -> version(q)
              .filter(version -> !version.equals("odd"))
              .map(version -> !version.equals("1.2.9"))),
      new Meant(
          "!(\"executables\" in posture.claims)",
          true,
          q -> Optional.ofNullable(OracleEvaluator.current(q))
              .map(p -> !p.claims().containsKey("executables"))),
      new Meant(
          "device.site == \"s1\" || posture.status == \"warning\"",
          true,
          q -> q.subject().site().equals("s1")
              ? Optional.of(true)
              : Optional.ofNullable(OracleEvaluator.current(q))
                  .map(p -> p.status().equals("warning"))),
      new Meant(
          "time < timestamp(\"2026-11-22T12:02:00Z\")",
          false,
          now -> now.isAfter(MOMENT)
              ? Optional.empty()
              : Optional.of(now.equals(MOMENT) ? now.plusMillis(1) : MOMENT),
          q -> Optional.of(q.time().isBefore(MOMENT))),
      new Meant(
          "!signals.exists(s, s.kind == \"scan\")",
          false,
          true,
          null,
          q -> Optional.of(
              OracleEvaluator.live(q).stream().noneMatch(s -> s.kind().equals("scan")))),
      new Meant(
          "signals[0].severity == \"low\"",
          false,
          true,
          null,
          q ->
              OracleEvaluator.live(q).stream().findFirst().map(s -> s.severity().equals("low"))),
      new Meant(
          "time.getMinutes() != 1",
          false,
          now -> Optional.of(now.plusSeconds(60)),
          q -> Optional.of(!q.time().equals(START.plusSeconds(60)))));

  /** A flow in each part of the world that the rules below can cut it into. */
  static final List<RequestedFlow> PROBES = probes();

  private static Optional<String> version(Question question) {
    return Optional.ofNullable(OracleEvaluator.current(question))
        .map(posture -> (String) posture.observed().get("firmware.version"));
  }

  @Provide
  Arbitrary<List<Doc>> docs() {
    Arbitrary<Map<String, PostureClaim>> least =
        Arbitraries.maps(Arbitraries.of(CLAIMS), claim(TIERS)).ofMaxSize(1);
    Arbitrary<Doc> permit = doc(Arbitraries.of("a", "b", "c", "d", "e"), least);
    Arbitrary<Doc> forbid = forbid(Arbitraries.of("a", "b", "c", "d", "e"));
    return Arbitraries.frequencyOf(Tuple.of(3, permit), Tuple.of(1, forbid))
        .list()
        .ofMinSize(1)
        .ofMaxSize(5)
        .uniqueElements(Doc::name);
  }

  /** A permit of another name than those in {@code docs}. */
  @Provide
  Arbitrary<Doc> permits() {
    return doc(Arbitraries.of("aa", "bb", "z"), Arbitraries.just(Map.of()));
  }

  /** A forbid of another name than those in {@code docs}. */
  @Provide
  Arbitrary<Doc> forbids() {
    return forbid(Arbitraries.of("aa", "bb", "z"));
  }

  private static Arbitrary<Doc> forbid(Arbitrary<String> names) {
    return doc(names, Arbitraries.just(Map.of()))
        .map(doc -> new Doc(
            doc.name(),
            true,
            doc.profile(),
            doc.site(),
            doc.labels(),
            Map.of(),
            doc.conditions(),
            doc.rules().stream()
                .map(flow -> new Flow(flow.peer(), flow.protocol(), flow.ports(), null))
                .toList(),
            Duration.ofMinutes(10),
            null));
  }

  private static Arbitrary<Doc> doc(
      Arbitrary<String> names, Arbitrary<Map<String, PostureClaim>> least) {
    return Combinators.combine(
            names,
            Arbitraries.of("p1", "p2").injectNull(0.6),
            Arbitraries.of("s1", "s2").injectNull(0.8),
            Arbitraries.maps(Arbitraries.just("zone"), Arbitraries.of("a", "b")).ofMaxSize(1),
            least,
            Arbitraries.of(CONDITIONS).list().ofMaxSize(2),
            flow().list().ofMinSize(1).ofMaxSize(3),
            Arbitraries.integers().between(-3, 3))
        .as((name, profile, site, labels, claims, conditions, flows, number) -> new Doc(
            name,
            false,
            profile,
            site,
            labels,
            claims,
            conditions,
            flows,
            Duration.ofMinutes(1 + Math.abs(number)),
            number > 0 ? number : null));
  }

  @Provide
  Arbitrary<Question> questions() {
    Arbitrary<Set<String>> named = Arbitraries.of("a", "b", "c", "d", "e").set().injectNull(0.8);
    Arbitrary<Subject> subject = Combinators.combine(
            Arbitraries.of("p1", "p2", "p3"),
            Arbitraries.of("s1", "s2"),
            Arbitraries.maps(Arbitraries.of("zone", "floor"), Arbitraries.of("a", "b")),
            named)
        .as((profile, site, labels, names) ->
            new Described("id", "acme", "m", "1", profile, "ops", site, labels, "active", names));
    List<String> tiers = new ArrayList<>(TIERS);
    tiers.add("none");
    Arbitrary<Posture> posture = Combinators.combine(
            Arbitraries.of(tiers),
            Arbitraries.maps(Arbitraries.of(CLAIMS), claim(tiers)),
            Arbitraries.of("1.3.0", "1.3.1", "1.2.9", "odd").injectNull(0.1),
            Arbitraries.integers().between(0, 4))
        .as((status, claims, version, minutes) -> new Posture(
            status,
            claims,
            version == null ? Map.of() : Map.of("firmware.version", version),
            START.plusSeconds(60L * minutes)));
    Arbitrary<RequestedFlow> asked = Combinators.combine(
            Arbitraries.of(
                "10.0.0.1",
                "10.1.2.3",
                "VMS.example",
                "ntp.example",
                "2001:db8::5",
                "2001:db9::",
                "10.0"),
            Arbitraries.of("tcp", "udp", "icmp"),
            Arbitraries.of(0, 1, 123, 150, 200, 201, 65535),
            Arbitraries.of(0, 8, 9, 14, 15, 123, 264, 265, 270, 271, 600))
        .as((peer, protocol, port, type) ->
            new RequestedFlow(peer, protocol, protocol.equals("icmp") ? type : port));
    Arbitrary<List<Signalled>> signals = Combinators.combine(
            Arbitraries.of("scan", "malware"),
            Arbitraries.of("low", "high"),
            Arbitraries.integers().between(0, 4))
        .as((kind, severity, minutes) ->
            new Signalled(kind, "executables", severity, START.plusSeconds(60L * minutes)))
        .list()
        .ofMaxSize(2);
    return Combinators.combine(
            subject,
            posture.injectNull(0.2),
            asked.injectNull(0.3),
            Arbitraries.integers().between(0, 3),
            signals)
        .as((who, how, flow, minutes, reported) -> new Question(
            who, how, flow, START.plusSeconds(60L * minutes), Place.UNKNOWN, reported));
  }

  @Provide
  Arbitrary<Map<String, Object>> wildObservations() {
    return Arbitraries.maps(
        Arbitraries.of(
            "firmware.version",
            "firmware",
            "secureBoot",
            "a.b",
            "a",
            "",
            ".",
            "..",
            "status",
            "claims.x"),
        Arbitraries.<Object>of(
            "1.3.0", "", true, 7, 7L, 0.5f, List.of(1), Map.of("version", 1), START));
  }

  private static Arbitrary<PostureClaim> claim(List<String> tiers) {
    return Combinators.combine(Arbitraries.of(tiers), Arbitraries.of(ASSURANCES))
        .as(PostureClaim::new);
  }

  private static Arbitrary<Flow> flow() {
    Arbitrary<Essential> essential =
        Arbitraries.of(new Essential("ops@plant", Duration.ofHours(4))).injectNull(0.7);
    return Combinators.combine(
            Arbitraries.of(
                "10.0.0.0/8",
                "10.0.0.0/31",
                "10.1.2.3",
                "0.0.0.0/0",
                "2001:db8::/32",
                "2001:db8::5",
                "vms.example",
                "ntp.example"),
            Arbitraries.of("tcp", "udp", "icmp"),
            Arbitraries.of("1", "100-200", "150", "22-122", "201-65535", "1-65535")
                .list()
                .ofMinSize(1)
                .ofMaxSize(2),
            Arbitraries.of("8", "0-7", "8-13", "14").list().ofMaxSize(2),
            essential)
        .as((peer, protocol, ports, types, kept) ->
            new Flow(peer, protocol, protocol.equals("icmp") ? types(peer, types) : ports, kept));
  }

  /** Of a peer by name one that both versions of IP have, and others of one. */
  private static List<String> types(String peer, List<String> types) {
    return !peer.endsWith("example")
        ? types.stream().distinct().toList()
        : types.stream()
            .map(type -> type.equals("14") ? "v6:14" : "v4:" + type)
            .distinct()
            .toList();
  }

  /** With the version of IP, which a segment needs and a prefix may have. */
  private static String port(Flow flow, String port) {
    return !flow.protocol().equals("icmp") || port.indexOf(':') >= 0
        ? port
        : (flow.peer().indexOf(':') < 0 ? "v4:" : "v6:") + port;
  }

  static String yaml(Doc doc) {
    StringBuilder text = new StringBuilder("apiVersion: sallyport.io/v1\nkind: ")
        .append(doc.isSegment() ? "Segment" : "AccessPolicy")
        .append("\nmetadata: {name: ")
        .append(doc.name())
        .append("}\nspec:\n  mode: ")
        .append(doc.observe() ? "observe" : "enforce")
        .append(doc.isSegment() ? "\n  devices:\n" : "\n  selector:\n")
        .append("    labels: {");
    doc.labels().forEach((label, value) -> text.append(label).append(": ").append(value));
    text.append("}\n");
    if (doc.profile() != null) {
      text.append("    profile: ").append(doc.profile()).append('\n');
    }
    if (doc.site() != null) {
      text.append("    site: ").append(doc.site()).append('\n');
    }
    if (doc.isSegment()) {
      return text.toString();
    }
    doc.least()
        .forEach((claim, least) -> text.append("  posture:\n    ")
            .append(claim)
            .append(": {tier: ")
            .append(least.tier())
            .append(", assurance: ")
            .append(least.assurance())
            .append("}\n"));
    if (!doc.conditions().isEmpty()) {
      text.append("  conditions:\n");
      doc.conditions()
          .forEach(condition -> text.append("  - '").append(condition.cel()).append("'\n"));
    }
    if (doc.forbid()) {
      text.append("  effect: forbid\n");
    }
    text.append(doc.forbid() ? "  deny:\n" : "  allow:\n");
    for (Flow flow : doc.rules()) {
      text.append("  - {peer: \"")
          .append(flow.peer())
          .append("\", protocol: ")
          .append(flow.protocol());
      if (!flow.ports().isEmpty()) {
        text.append(flow.ports().stream()
            .map(port -> port(flow, port))
            .collect(Collectors.joining(
                "\", \"",
                flow.protocol().equals("icmp") ? ", icmpTypes: [\"" : ", ports: [\"",
                "\"]")));
      }
      if (flow.essential() != null) {
        text.append(", essential: {owner: ops@plant, longest: PT4H}");
      }
      text.append("}\n");
    }
    if (doc.forbid()) {
      return text.toString();
    }
    text.append("  grant: {ttl: ").append(doc.ttl()).append("}\n");
    if (doc.vlan() != null) {
      text.append("  otherwise: {quarantineVlan: ").append(doc.vlan()).append("}\n");
      text.append("  network: {vlan: ")
          .append(doc.vlan() + 1)
          .append(", filterId: f-")
          .append(doc.vlan())
          .append("}\n");
    }
    return text.toString();
  }

  static PolicySet compile(List<Doc> docs) {
    return PolicySet.compile(docs.stream().map(PolicyWorlds::yaml).toList());
  }

  private static List<RequestedFlow> probes() {
    List<RequestedFlow> probes = new ArrayList<>();
    for (String peer : List.of(
        "0.0.0.0",
        "9.255.255.255",
        "10.0.0.0",
        "10.0.0.1",
        "10.0.0.2",
        "10.1.2.2",
        "10.1.2.3",
        "10.1.2.4",
        "10.255.255.255",
        "11.0.0.0",
        "255.255.255.255",
        "2001:db8::",
        "2001:db8::4",
        "2001:db8::5",
        "2001:db8::6",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        "vms.example",
        "ntp.example")) {
      probes.add(new RequestedFlow(peer, "icmp", 0));
      for (int type : List.of(7, 8, 9, 13, 14, 15)) {
        if (peer.indexOf(':') < 0) {
          probes.add(new RequestedFlow(peer, "icmp", 1 + type));
        }
        if (peer.indexOf(':') >= 0 || peer.endsWith("example")) {
          probes.add(new RequestedFlow(peer, "icmp", 257 + type));
        }
      }
      for (int port : List.of(1, 21, 22, 99, 100, 122, 123, 149, 150, 151, 200, 201, 65535)) {
        probes.add(new RequestedFlow(peer, "tcp", port));
        probes.add(new RequestedFlow(peer, "udp", port));
      }
    }
    return List.copyOf(probes);
  }
}

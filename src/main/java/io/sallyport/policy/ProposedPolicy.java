package io.sallyport.policy;

import static java.util.Comparator.comparing;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.AccessPolicy.Selector;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Permits for exactly what was seen while a document observed, as text for people to read, change and apply. The same
 * observations always give the same text; ports are put together where no other port comes in between.
 */
public final class ProposedPolicy {
  private static final Comparator<Peer> ORDER =
      comparing(Peer::direction).thenComparing(Peer::peer).thenComparing(Peer::protocol);

  private final String source;
  private final Selector selector;
  private final TreeMap<Peer, TreeMap<Integer, Seen>> peers = new TreeMap<>(ORDER);

  private ProposedPolicy(String source, Selector selector) {
    this.source = source;
    this.selector = selector;
  }

  /**
   * A flow that was let be.
   *
   * @param devices how many at least did it
   */
  public record Seen(RequestedFlow flow, long uses, int devices, Instant first, Instant last) {}

  private record Peer(Direction direction, String peer, String protocol) {}

  /** Some ports of a peer, of icmp its types; at most as many ranges as a rule may have. */
  private record Rule(Peer peer, List<String> ports, Collection<Seen> seen) {}

  /**
   * The documents that permit what was seen of devices of {@code profile}. Refuses with {@code conflict} when no permit can
   * keep what the document would deny.
   *
   * @param observing the document in observe mode
   */
  public static String of(String observing, String profile, Collection<Seen> seen) {
    ReadDocument document = PolicyReader.read(observing);
    if (document instanceof AccessPolicy policy && policy.forbids()) {
      throw new Refusal(
          CommonProblem.CONFLICT,
          "The policy " + policy.name()
              + " forbids, and no permit takes that back: leave what was seen out of its deny, or except the devices.");
    }
    Selector selector = document instanceof AccessPolicy policy
        ? policy.selector()
        : new Selector(null, null, null, null, Map.of(), document.name());
    if (seen.isEmpty()) {
      throw new Refusal(
          CommonProblem.NOT_FOUND,
          "Nothing of devices of this profile was observed for " + document.name() + " yet.");
    }
    ProposedPolicy proposed = new ProposedPolicy(document.name(), of(selector, profile));
    for (Seen one : seen) {
      RequestedFlow flow = one.flow();
      proposed
          .peers
          .computeIfAbsent(
              new Peer(flow.direction(), flow.peer(), flow.protocol()), peer -> new TreeMap<>())
          .put(flow.port(), one);
    }
    return proposed.text(profile);
  }

  private static Selector of(Selector wanted, String profile) {
    return new Selector(
        profile,
        wanted.manufacturer(),
        wanted.model(),
        wanted.site(),
        wanted.labels(),
        wanted.segment());
  }

  private String text(String profile) {
    List<Rule> rules = new ArrayList<>();
    peers.forEach((peer, ports) -> rules.addAll(rules(peer, ports)));
    StringBuilder text = new StringBuilder();
    int part = 1;
    for (int from = 0; from < rules.size(); from += FlowReader.MOST_FLOWS) {
      text.append(from == 0 ? "" : "---\n");
      document(
          text,
          name(profile, part++),
          rules.subList(from, Math.min(from + FlowReader.MOST_FLOWS, rules.size())));
    }
    return text.toString();
  }

  private static List<Rule> rules(Peer peer, TreeMap<Integer, Seen> ports) {
    if (peer.protocol.equals(FlowRule.ICMP) && ports.containsKey(0)) {
      // Seen with all types, so they need not be named.
      return List.of(new Rule(peer, List.of(), List.copyOf(ports.values())));
    }
    List<Rule> rules = new ArrayList<>();
    List<String> ranges = new ArrayList<>();
    List<Seen> seen = new ArrayList<>();
    Integer first = null;
    for (Map.Entry<Integer, Seen> port : ports.entrySet()) {
      first = first == null ? port.getKey() : first;
      seen.add(port.getValue());
      if (peer.protocol.equals(FlowRule.ICMP)) {
        ranges.add(IcmpTypes.text(port.getKey(), peer.peer).orElseThrow());
      } else if (ports.containsKey(port.getKey() + 1)) {
        continue;
      } else {
        ranges.add(new FlowRule.PortRange(first, port.getKey()).toString());
      }
      first = null;
      if (ranges.size() == FlowReader.MOST_PORTS) {
        rules.add(new Rule(peer, List.copyOf(ranges), List.copyOf(seen)));
        ranges.clear();
        seen.clear();
      }
    }
    if (!seen.isEmpty()) {
      rules.add(new Rule(peer, List.copyOf(ranges), List.copyOf(seen)));
    }
    return rules;
  }

  private void document(StringBuilder text, String name, List<Rule> rules) {
    text.append("# Proposed from what was seen while ")
        .append(source)
        .append(" observed. Read each rule before you apply it.\n")
        .append("apiVersion: sallyport.io/v1\nkind: AccessPolicy\nmetadata: {name: ")
        .append(name)
        .append("}\nspec:\n  selector:\n");
    field(text, "profile", selector.profile());
    field(text, "manufacturer", selector.manufacturer());
    field(text, "model", selector.model());
    field(text, "site", selector.site());
    field(text, "segment", selector.segment());
    if (!selector.labels().isEmpty()) {
      text.append("    labels:\n");
      new TreeMap<>(selector.labels())
          .forEach((label, value) -> text.append("      ")
              .append(quoted(label))
              .append(": ")
              .append(quoted(value))
              .append('\n'));
    }
    text.append("  allow:\n");
    rules.forEach(rule -> rule(text, rule));
  }

  private static void field(StringBuilder text, String name, @Nullable String value) {
    if (value != null) {
      text.append("    ").append(name).append(": ").append(quoted(value)).append('\n');
    }
  }

  private static void rule(StringBuilder text, Rule rule) {
    long uses = rule.seen.stream().mapToLong(Seen::uses).sum();
    int devices = rule.seen.stream().mapToInt(Seen::devices).max().orElse(0);
    text.append("    # ")
        .append(uses)
        .append(uses == 1 ? " time" : " times")
        .append(", by at least ")
        .append(devices)
        .append(devices == 1 ? " device, " : " devices, ")
        .append(rule.seen.stream().map(Seen::first).min(Instant::compareTo).orElseThrow())
        .append(" to ")
        .append(rule.seen.stream().map(Seen::last).max(Instant::compareTo).orElseThrow())
        .append("\n    - {peer: ")
        .append(quoted(rule.peer.peer))
        .append(", protocol: ")
        .append(rule.peer.protocol);
    if (!rule.ports.isEmpty()) {
      text.append(rule.peer.protocol.equals(FlowRule.ICMP) ? ", icmpTypes: [\"" : ", ports: [\"")
          .append(String.join("\", \"", rule.ports))
          .append("\"]");
    }
    text.append(rule.peer.direction == Direction.TO_DEVICE ? ", direction: to-device}\n" : "}\n");
  }

  /** Says where it comes from when that makes a name, otherwise a digest of it. */
  private String name(String profile, int part) {
    String suffix = part == 1 ? "" : "-" + part;
    String plain = "observed-" + source + "-" + profile + suffix;
    return PolicyReader.isName(plain)
        ? plain
        : "observed-"
            + Digest.of((source + " " + profile).getBytes(StandardCharsets.UTF_8))
                .hex()
                .substring(0, 16)
            + suffix;
  }

  /** A double-quoted scalar (YAML 1.2.2 §7.3.1). */
  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints().forEach(point -> {
      if (point == '"' || point == '\\') {
        quoted.append('\\').appendCodePoint(point);
      } else if (Character.isISOControl(point)) {
        quoted.append(String.format("\\u%04x", point));
      } else {
        quoted.appendCodePoint(point);
      }
    });
    return quoted.append('"').toString();
  }
}

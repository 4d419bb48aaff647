package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.Evaluation.Bite;
import io.sallyport.policy.FlowRule.PortRange;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.Effect;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Says why not, over the policies that select the device. */
final class Denial {
  static final Shortfall QUARANTINED = new Shortfall(false, "the device is quarantined");

  /** Enough for a person; a fleet-wide question must not make an answer of megabytes. */
  private static final int MOST_REASONS = 20;

  private final String hash;
  private final Selection selection;
  private final Attributes attributes;

  Denial(String hash, Selection selection, Attributes attributes) {
    this.hash = hash;
    this.selection = selection;
    this.attributes = attributes;
  }

  /** Denies; {@code bite} is what forbids, or null when nothing permits. */
  Verdict verdict(Effect effect, Question question, @Nullable Bite bite) {
    List<AccessPolicy> permits = selection.permits();
    return new Verdict(
        effect,
        bite == null ? reasons(question) : bite.reasons(),
        bite != null
            ? bite.entry().policy().name()
            : permits.isEmpty() ? null : permits.getFirst().name(),
        bite == null ? null : bite.entry().rule().name(),
        hash,
        List.of(),
        null,
        null,
        null,
        quarantineVlan(),
        null,
        List.of());
  }

  private List<String> reasons(Question question) {
    List<AccessPolicy> permits = selection.permits();
    if (permits.isEmpty()) {
      return List.of("no policy selects this device of profile "
          + printable(question.subject().profile()) + "; what is not allowed is denied");
    }
    List<String> reasons = new ArrayList<>();
    for (AccessPolicy policy : permits.subList(0, Math.min(permits.size(), MOST_REASONS))) {
      reasons.add(reason(policy, question.flow()));
    }
    return bounded(reasons, permits.size());
  }

  private String reason(AccessPolicy policy, @Nullable RequestedFlow flow) {
    Shortfall shortfall = shortfall(policy);
    String about = "policy " + policy.name();
    if (flow != null) {
      IpPrefix address = IpPrefix.parseAddress(flow.peer());
      if (policy.rules().stream().noneMatch(rule -> rule.meets(flow, address))) {
        return about
            + notAmong(policy, flow, address)
            + unmapped(policy)
            + (shortfall == null ? "" : "; and " + shortfall.words());
      }
    }
    return about + ": " + (shortfall == null ? taken(policy) : shortfall.words());
  }

  private static String unmapped(AccessPolicy policy) {
    return policy.unmapped().isEmpty() ? "" : "; and " + String.join("; ", policy.unmapped());
  }

  private @Nullable Shortfall shortfall(AccessPolicy policy) {
    return attributes.quarantined() ? QUARANTINED : policy.shortfall(attributes);
  }

  /** Why nothing is left of a policy that lets the device through. */
  private String taken(AccessPolicy policy) {
    if (policy.rules().isEmpty()) {
      return String.join("; ", policy.unmapped());
    }
    return selection.left(policy, attributes).flows() == null
        ? "what is forbidden cuts what it allows into more than " + Subtraction.MOST_PIECES
            + " pieces; forbid whole networks, or allow less"
        : "all that it allows is forbidden";
  }

  /** What the policy allows that is most like the asked flow; the whole rule, so that a slip of the pen is seen. */
  private static String notAmong(
      AccessPolicy policy, RequestedFlow flow, @Nullable IpPrefix address) {
    FlowRule nearest = null;
    for (FlowRule rule : policy.rules()) {
      if (rule.meetsPeer(flow.peer(), address)
          && (nearest == null || distance(rule, flow) < distance(nearest, flow))) {
        nearest = rule;
      }
    }
    if (nearest == null) {
      return ": " + words(flow) + " is not among what it allows";
    }
    return " " + allowed(nearest, flow);
  }

  /** For instance {@code policy cameras allows tcp vms.example 8554, you asked 8545}. */
  static String allowed(AccessPolicy policy, FlowRule rule, RequestedFlow flow) {
    return "policy " + policy.name() + " " + allowed(rule, flow);
  }

  private static String allowed(FlowRule rule, RequestedFlow flow) {
    boolean portOnly = rule.flow().direction() == flow.direction()
        && rule.flow().protocol().equals(flow.protocol())
        && rule.meetsPeer(flow.peer(), IpPrefix.parseAddress(flow.peer()));
    return "allows " + rule.words() + ", you asked " + (portOnly ? port(flow) : words(flow));
  }

  /** By direction, then protocol, then how far the port is. */
  static int distance(FlowRule rule, RequestedFlow flow) {
    int ports = 65536;
    for (PortRange range : rule.ports()) {
      ports = Math.min(
          ports,
          range.has(flow.port())
              ? 0
              : Math.min(
                  Math.abs(range.first() - flow.port()), Math.abs(range.last() - flow.port())));
    }
    return ports
        + (rule.flow().protocol().equals(flow.protocol()) ? 0 : 1 << 20)
        + (rule.flow().direction() == flow.direction() ? 0 : 1 << 21);
  }

  private @Nullable Integer quarantineVlan() {
    for (AccessPolicy policy : selection.permits()) {
      if (policy.quarantineVlan() != null && shortfall(policy) != null) {
        return policy.quarantineVlan();
      }
    }
    return null;
  }

  /** What is asked of ports, or of types of ICMP. */
  private static String port(RequestedFlow flow) {
    return flow.protocol().equals(FlowRule.ICMP)
        ? IcmpTypes.text(flow.port(), flow.peer()).orElse("all types")
        : String.valueOf(flow.port());
  }

  static String words(RequestedFlow flow) {
    String port = flow.port() == 0
        ? ""
        : (flow.protocol().equals(FlowRule.ICMP) ? " type " : " port ") + port(flow);
    return printable(flow.protocol())
        + (flow.direction() == Direction.TO_DEVICE ? " from " : " to ")
        + printable(flow.peer())
        + port;
  }

  /** What a caller wrote, bounded and without control characters. */
  static String printable(String asked) {
    String shown = asked.length() > 100 ? asked.substring(0, 100) + "…" : asked;
    return shown.codePoints().anyMatch(Denial::isUnprintable)
        ? shown
            .codePoints()
            .map(point -> isUnprintable(point) ? '\uFFFD' : point)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString()
        : shown;
  }

  /** A control character, or half of a surrogate pair. */
  private static boolean isUnprintable(int point) {
    return Character.isISOControl(point) || Character.getType(point) == Character.SURROGATE;
  }

  /** The first of {@code reasons}, of which there would be {@code all}. */
  static List<String> bounded(List<String> reasons, int all) {
    if (all <= MOST_REASONS) {
      return reasons;
    }
    List<String> shown = new ArrayList<>(reasons.subList(0, MOST_REASONS));
    shown.add("and " + (all - MOST_REASONS) + " more policies");
    return shown;
  }
}

package io.sallyport.policy;

import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Essential;
import io.sallyport.policy.Verdict.Network;
import java.math.BigInteger;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a verdict must be, said as plainly as possible and without regard to speed; shares no code with the evaluator. */
final class OracleEvaluator {
  private OracleEvaluator() {}

  /** A condition in CEL, and the same in Java: empty when it cannot be evaluated. */
  record Meant(String cel, boolean posture, Function<Question, Optional<Boolean>> means) {}

  record Flow(
      String peer,
      String protocol,
      List<String> ports,
      @Nullable Essential essential) {}

  record Doc(
      String name,
      @Nullable String profile,
      @Nullable String site,
      Map<String, String> labels,
      Map<String, PostureClaim> least,
      List<Meant> conditions,
      List<Flow> allow,
      Duration ttl,
      @Nullable Integer vlan) {
    /** The documents of these tests let a device into the network after their quarantine network. */
    @Nullable
    Network network() {
      return vlan == null ? null : new Network(vlan + 1, "f-" + vlan);
    }
  }

  /** A verdict without its words. */
  record Outcome(
      boolean permit,
      @Nullable String policy,
      List<AllowedFlow> flows,
      @Nullable Duration ttl,
      @Nullable Instant validUntil,
      @Nullable Essential essential,
      @Nullable Integer vlan,
      @Nullable Network network) {}

  static Outcome evaluate(List<Doc> docs, Question question) {
    List<Doc> selecting = docs.stream()
        .distinct()
        .sorted(Comparator.comparing(Doc::name))
        .filter(doc -> selects(doc, question.subject()))
        .toList();
    List<Doc> through =
        selecting.stream().filter(doc -> letsThrough(doc, question)).toList();
    RequestedFlow asked = question.flow();
    List<Doc> permitting = asked == null
        ? through
        : through.stream()
            .filter(doc -> doc.allow().stream().anyMatch(f -> matches(f, asked)))
            .limit(1)
            .toList();
    if (permitting.isEmpty()) {
      Integer vlan = selecting.stream()
          .filter(doc -> !through.contains(doc))
          .flatMap(doc -> Optional.ofNullable(doc.vlan()).stream())
          .findFirst()
          .orElse(null);
      String first = selecting.isEmpty() ? null : selecting.getFirst().name();
      return new Outcome(false, first, List.of(), null, null, null, vlan, null);
    }
    Set<AllowedFlow> flows = new LinkedHashSet<>();
    permitting.forEach(doc -> doc.allow().forEach(flow -> flows.add(shown(flow))));
    boolean usesPosture = permitting.stream()
        .anyMatch(
            doc -> !doc.least().isEmpty() || doc.conditions().stream().anyMatch(Meant::posture));
    Posture posture = current(question);
    Essential essential = null;
    if (asked != null) {
      essential = permitting.getFirst().allow().stream()
          .filter(f -> matches(f, asked))
          .findFirst()
          .orElseThrow()
          .essential();
    }
    return new Outcome(
        true,
        permitting.getFirst().name(),
        List.copyOf(flows),
        permitting.stream().map(Doc::ttl).min(Comparator.naturalOrder()).orElseThrow(),
        usesPosture && posture != null ? posture.expiresAt() : null,
        essential,
        null,
        permitting.stream()
            .flatMap(doc -> Optional.ofNullable(doc.network()).stream())
            .findFirst()
            .orElse(null));
  }

  static @Nullable Posture current(Question question) {
    Posture posture = question.posture();
    return posture == null || !question.time().isBefore(posture.expiresAt()) ? null : posture;
  }

  private static boolean selects(Doc doc, Subject subject) {
    return (doc.profile() == null || doc.profile().equals(subject.profile()))
        && (doc.site() == null || doc.site().equals(subject.site()))
        && subject.labels().entrySet().containsAll(doc.labels().entrySet())
        && (subject.policies() == null || subject.policies().contains(doc.name()));
  }

  private static boolean letsThrough(Doc doc, Question question) {
    Posture posture = current(question);
    return doc.least().entrySet().stream()
            .allMatch(least ->
                posture != null && enough(least.getValue(), posture.claims().get(least.getKey())))
        && doc.conditions().stream()
            .allMatch(condition -> condition.means().apply(question).orElse(false));
  }

  private static boolean enough(PostureClaim least, @Nullable PostureClaim is) {
    List<String> tiers = List.of("contraindicated", "warning", "affirming");
    List<String> assurances =
        List.of("declared", "network-observed", "signed-software", "hardware");
    return is != null
        && tiers.indexOf(is.tier()) >= tiers.indexOf(least.tier())
        && assurances.indexOf(is.assurance()) >= assurances.indexOf(least.assurance());
  }

  private static boolean matches(Flow flow, RequestedFlow asked) {
    boolean port = flow.protocol().equals("icmp")
        ? asked.port() == 0
        : flow.ports().stream().anyMatch(range -> ports(range).contains(asked.port()));
    return flow.protocol().equals(asked.protocol()) && port && peer(flow.peer(), asked.peer());
  }

  private static List<Integer> ports(String range) {
    String[] ends = range.split("-");
    List<Integer> all = new ArrayList<>();
    for (int port = Integer.parseInt(ends[0]);
        port <= Integer.parseInt(ends[ends.length - 1]);
        port++) {
      all.add(port);
    }
    return all;
  }

  private static boolean peer(String allowed, String asked) {
    if (!Character.isDigit(allowed.charAt(0))) {
      return asked.chars().allMatch(c -> c < 128) && allowed.equalsIgnoreCase(asked);
    }
    if (asked.indexOf(':') < 0 && asked.split("\\.", -1).length != 4) {
      return false; // Java reads 10.0 as 10.0.0.0, not every firewall does.
    }
    String[] prefix = allowed.split("/");
    byte[] network = InetAddress.ofLiteral(prefix[0]).getAddress();
    byte[] address;
    try {
      address = InetAddress.ofLiteral(asked).getAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
    int bits = network.length * 8;
    int shift = prefix.length == 1 ? 0 : bits - Integer.parseInt(prefix[1]);
    return network.length == address.length
        && new BigInteger(1, network)
            .shiftRight(shift)
            .equals(new BigInteger(1, address).shiftRight(shift));
  }

  private static AllowedFlow shown(Flow flow) {
    boolean bare = Character.isDigit(flow.peer().charAt(0)) && !flow.peer().contains("/");
    return new AllowedFlow(
        flow.peer() + (!bare ? "" : flow.peer().contains(":") ? "/128" : "/32"),
        flow.protocol(),
        flow.ports());
  }
}

package io.sallyport.policy;

import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Signalled;
import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Effect;
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
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a verdict must be, said as plainly as possible and without regard to speed; shares no code with the evaluator. */
final class OracleEvaluator {
  /** Reading addresses anew a hundred million times is more than a test can wait for. */
  private static final Map<String, Boolean> PEERS = new ConcurrentHashMap<>();

  private OracleEvaluator() {}

  /**
   * A condition in CEL, and the same in Java: empty when it cannot be evaluated.
   *
   * @param signals whether it looks at what is reported of the device
   * @param end until when it says the same as at that time, or null when the time has no part in it
   */
  record Meant(
      String cel,
      boolean posture,
      boolean signals,
      @Nullable Function<Instant, Optional<Instant>> end,
      Function<Question, Optional<Boolean>> means) {
    Meant(
        String cel,
        boolean posture,
        @Nullable Function<Instant, Optional<Instant>> end,
        Function<Question, Optional<Boolean>> means) {
      this(cel, posture, false, end, means);
    }

    Meant(String cel, boolean posture, Function<Question, Optional<Boolean>> means) {
      this(cel, posture, false, null, means);
    }
  }

  record Flow(
      String peer,
      String protocol,
      List<String> ports,
      @Nullable Essential essential) {}

  /**
   * {@code rules} are what a permit allows and what a forbid denies; without any it is a segment. {@code observe} says that
   * it denies nothing.
   */
  record Doc(
      String name,
      boolean forbid,
      @Nullable String profile,
      @Nullable String site,
      Map<String, String> labels,
      Map<String, PostureClaim> least,
      List<Meant> conditions,
      List<Flow> rules,
      Duration ttl,
      @Nullable Integer vlan,
      boolean observe) {
    Doc(
        String name,
        boolean forbid,
        @Nullable String profile,
        @Nullable String site,
        Map<String, String> labels,
        Map<String, PostureClaim> least,
        List<Meant> conditions,
        List<Flow> rules,
        Duration ttl,
        @Nullable Integer vlan) {
      this(name, forbid, profile, site, labels, least, conditions, rules, ttl, vlan, false);
    }

    boolean isSegment() {
      return rules.isEmpty();
    }

    Doc observing(boolean does) {
      return new Doc(
          name, forbid, profile, site, labels, least, conditions, rules, ttl, vlan, does);
    }

    /** The documents of these tests let a device into the network after their quarantine network. */
    @Nullable
    Network network() {
      return vlan == null ? null : new Network(vlan + 1, "f-" + vlan);
    }
  }

  /**
   * A verdict without its words.
   *
   * @param flows null when a forbid applies, so that {@link #leaves} says what they are
   * @param observed names of the documents that let it be because they observe
   */
  record Outcome(
      Effect effect,
      @Nullable String policy,
      @Nullable String rule,
      @Nullable List<AllowedFlow> flows,
      @Nullable Duration ttl,
      @Nullable Instant validUntil,
      @Nullable Essential essential,
      @Nullable Integer vlan,
      @Nullable Network network,
      Set<String> observed) {}

  /** {@code probes} hold a flow from within each part that the rules of these documents cut the world into. */
  static Outcome evaluate(List<Doc> docs, Question question, List<RequestedFlow> probes) {
    List<Doc> permits = selecting(docs, question, false);
    List<Doc> forbids =
        selecting(docs, question, true).stream().filter(doc -> !doc.observe()).toList();
    List<Doc> watching =
        selecting(docs, question, true).stream().filter(Doc::observe).toList();
    boolean quarantined = question.subject().state().equals("quarantined");
    Optional<Doc> zone = quarantined ? Optional.empty() : segment(docs, question);
    RequestedFlow asked = question.flow();
    List<Doc> biting =
        forbids.stream().filter(doc -> applies(doc, question).orElse(true)).toList();
    List<Doc> about = permits.stream()
        .filter(doc -> asked == null || matching(doc, asked) != null)
        .toList();
    List<Doc> met = about.stream()
        .filter(doc -> !quarantined && applies(doc, question).orElse(false))
        .toList();
    List<Doc> lenient = about.stream()
        .filter(doc -> !quarantined && doc.observe() && !met.contains(doc))
        .toList();
    List<Doc> candidates =
        asked != null ? met : Stream.concat(met.stream(), lenient.stream()).toList();
    List<Doc> through = candidates.stream()
        .filter(doc -> asked != null
            || probes.stream()
                .anyMatch(probe -> matching(doc, probe) != null && first(biting, probe) == null))
        .toList();
    boolean unknown =
        !quarantined && about.stream().anyMatch(doc -> applies(doc, question).isEmpty());
    List<Doc> known =
        biting.stream().filter(doc -> applies(doc, question).isPresent()).toList();
    Doc bite = asked == null
        ? null
        : first(known, asked) == null ? first(biting, asked) : first(known, asked);
    if (bite == null && through.isEmpty()) {
      Outcome observed = asked == null
          ? candidates.isEmpty() ? zone.map(doc -> admitted(doc, permits)).orElse(null) : null
          : observed(lenient, zone, forbids, watching, question, asked);
      if (observed != null) {
        return observed;
      }
    }
    if (bite != null || through.isEmpty()) {
      Integer vlan = permits.stream()
          .filter(doc -> quarantined || !applies(doc, question).orElse(false))
          .flatMap(doc -> Optional.ofNullable(doc.vlan()).stream())
          .findFirst()
          .orElse(null);
      boolean hangs = unknown
          || (asked != null && !through.isEmpty())
          || (asked == null
              && candidates.stream()
                  .anyMatch(doc -> probes.stream()
                      .anyMatch(
                          probe -> matching(doc, probe) != null && first(known, probe) == null)));
      Effect effect = bite != null && known.contains(bite)
          ? Effect.DENY
          : hangs
              ? Effect.INDETERMINATE
              : bite == null && permits.isEmpty() ? Effect.NOT_EVALUATED : Effect.DENY;
      String first = permits.isEmpty() ? null : permits.getFirst().name();
      return new Outcome(
          effect,
          bite != null ? bite.name() : first,
          bite != null && asked != null ? "deny[" + matching(bite, asked) + "]" : null,
          List.of(),
          null,
          null,
          null,
          vlan,
          null,
          Set.of());
    }
    List<Doc> permitting = asked == null ? through : through.subList(0, 1);
    Integer rule = asked == null ? null : matching(permitting.getFirst(), asked);
    Set<AllowedFlow> flows = new LinkedHashSet<>();
    permitting.forEach(doc -> doc.rules().forEach(flow -> flows.add(shown(flow))));
    List<Doc> standingOn = new ArrayList<>(permitting);
    forbids.stream()
        .filter(forbid -> !biting.contains(forbid))
        .filter(forbid -> permitting.stream()
            .anyMatch(doc -> probes.stream()
                .anyMatch(
                    probe -> matching(doc, probe) != null && matching(forbid, probe) != null)))
        .forEach(standingOn::add);
    return new Outcome(
        Effect.PERMIT,
        permitting.getFirst().name(),
        rule == null ? null : "allow[" + rule + "]",
        biting.isEmpty() ? List.copyOf(flows) : null,
        permitting.stream()
            .map(doc -> lenient.contains(doc) ? atMost(doc.ttl()) : doc.ttl())
            .min(Comparator.naturalOrder())
            .orElseThrow(),
        standingOn.stream()
            .flatMap(doc -> ends(doc, question).stream())
            .min(Comparator.naturalOrder())
            .orElse(null),
        rule == null ? null : permitting.getFirst().rules().get(rule).essential(),
        null,
        permitting.stream()
            .flatMap(doc -> Optional.ofNullable(doc.network()).stream())
            .findFirst()
            .orElse(null),
        asked != null
            ? names(bite(watching, question, asked).stream())
            : names(Stream.of(
                    zone.stream(),
                    lenient.stream().filter(candidates::contains),
                    watching.stream()
                        .filter(doc -> applies(doc, question).orElse(true))
                        .filter(forbid -> candidates.stream()
                            .anyMatch(doc -> probes.stream()
                                .anyMatch(probe -> matching(doc, probe) != null
                                    && matching(forbid, probe) != null))))
                .flatMap(each -> each)));
  }

  private static final Duration MINUTE = Duration.ofMinutes(1);

  private static Duration atMost(Duration ttl) {
    return ttl.compareTo(MINUTE) < 0 ? ttl : MINUTE;
  }

  private static Set<String> names(Stream<Doc> docs) {
    return docs.map(Doc::name).collect(Collectors.toSet());
  }

  private static Optional<Doc> segment(List<Doc> docs, Question question) {
    return docs.stream()
        .filter(doc -> doc.isSegment() && doc.observe() && fits(doc, question.subject()))
        .min(Comparator.comparing(Doc::name));
  }

  /** The forbid that meets {@code asked}: rather one that is known to apply. */
  private static Optional<Doc> bite(List<Doc> forbids, Question question, RequestedFlow asked) {
    return forbids.stream()
        .filter(doc -> applies(doc, question).orElse(true) && matching(doc, asked) != null)
        .min(Comparator.comparing(doc -> applies(doc, question).isEmpty()));
  }

  /** A flow that is neither permitted nor forbidden. */
  private static @Nullable Outcome observed(
      List<Doc> lenient,
      Optional<Doc> zone,
      List<Doc> forbids,
      List<Doc> watching,
      Question question,
      RequestedFlow asked) {
    Doc by =
        lenient.isEmpty() ? zone.filter(doc -> isWritable(asked)).orElse(null) : lenient.getFirst();
    if (by == null) {
      return null;
    }
    Integer rule = matching(by, asked);
    return new Outcome(
        Effect.PERMIT,
        by.name(),
        rule == null ? null : "allow[" + rule + "]",
        List.of(shown(new Flow(
            asked.peer().contains(":")
                ? InetAddress.ofLiteral(asked.peer()).getHostAddress()
                : asked.peer().toLowerCase(Locale.ROOT),
            asked.protocol(),
            asked.protocol().equals("icmp") ? types(asked) : List.of("" + asked.port()),
            null))),
        atMost(by.ttl()),
        Stream.concat(
                Stream.of(question.time().plus(MINUTE)),
                forbids.stream()
                    .filter(doc -> matching(doc, asked) != null)
                    .flatMap(doc -> ends(doc, question).stream()))
            .min(Comparator.naturalOrder())
            .orElseThrow(),
        null,
        null,
        by.network(),
        names(Stream.concat(Stream.of(by), bite(watching, question, asked).stream())));
  }

  /** A device that nothing lets into the network, and nothing forbids what would. */
  private static Outcome admitted(Doc zone, List<Doc> permits) {
    return new Outcome(
        Effect.PERMIT,
        zone.name(),
        null,
        List.of(),
        MINUTE,
        null,
        null,
        null,
        permits.stream()
            .flatMap(doc -> Optional.ofNullable(doc.network()).stream())
            .findFirst()
            .orElse(null),
        Set.of(zone.name()));
  }

  /** Of what these tests ask: a rule about it can be written. */
  private static boolean isWritable(RequestedFlow asked) {
    return !asked.peer().equals("10.0")
        && (asked.protocol().equals("icmp")
            ? asked.port() == 0 || isOfPeer(asked.port(), asked.peer())
            : asked.port() > 0);
  }

  /** Whether a permit by {@code policies} leaves {@code probe}: one of them allows it and nothing that may apply forbids. */
  static boolean leaves(
      List<Doc> docs, Set<String> policies, Question question, RequestedFlow probe) {
    return selecting(docs, question, false).stream()
            .filter(doc -> policies.contains(doc.name()))
            .filter(doc -> applies(doc, question).orElse(false))
            .anyMatch(doc -> matching(doc, probe) != null)
        && selecting(docs, question, true).stream()
            .filter(doc -> applies(doc, question).orElse(true))
            .noneMatch(doc -> matching(doc, probe) != null);
  }

  static boolean contains(List<AllowedFlow> flows, RequestedFlow probe) {
    return flows.stream()
        .anyMatch(
            flow -> matches(new Flow(flow.peer(), flow.protocol(), flow.ports(), null), probe));
  }

  private static List<Doc> selecting(List<Doc> docs, Question question, boolean forbid) {
    return docs.stream()
        .distinct()
        .sorted(Comparator.comparing(Doc::name))
        .filter(
            doc -> !doc.isSegment() && doc.forbid() == forbid && selects(doc, question.subject()))
        .toList();
  }

  private static @Nullable Doc first(List<Doc> docs, RequestedFlow flow) {
    return docs.stream().filter(doc -> matching(doc, flow) != null).findFirst().orElse(null);
  }

  private static @Nullable Integer matching(Doc doc, RequestedFlow flow) {
    for (int i = 0; i < doc.rules().size(); i++) {
      Flow rule = doc.rules().get(i);
      if (doc.forbid() ? takes(rule, flow) : matches(rule, flow)) {
        return i;
      }
    }
    return null;
  }

  private static List<Instant> ends(Doc doc, Question question) {
    List<Instant> ends = new ArrayList<>();
    Posture posture = current(question);
    if (posture != null
        && (!doc.least().isEmpty() || doc.conditions().stream().anyMatch(Meant::posture))) {
      ends.add(posture.expiresAt());
    }
    for (Meant condition : doc.conditions()) {
      if (condition.signals()) {
        live(question).forEach(signal -> ends.add(signal.until()));
      }
      if (condition.end() != null) {
        condition.end().apply(question.time()).ifPresent(ends::add);
      }
    }
    return ends;
  }

  static List<Signalled> live(Question question) {
    return question.signals().stream()
        .filter(signal -> question.time().isBefore(signal.until()))
        .toList();
  }

  static @Nullable Posture current(Question question) {
    Posture posture = question.posture();
    return posture == null || !question.time().isBefore(posture.expiresAt()) ? null : posture;
  }

  private static boolean selects(Doc doc, Subject subject) {
    return fits(doc, subject)
        && (doc.forbid() || subject.policies() == null || subject.policies().contains(doc.name()));
  }

  private static boolean fits(Doc doc, Subject subject) {
    return (doc.profile() == null || doc.profile().equals(subject.profile()))
        && (doc.site() == null || doc.site().equals(subject.site()))
        && subject.labels().entrySet().containsAll(doc.labels().entrySet());
  }

  /** Empty when it cannot be found out. */
  private static Optional<Boolean> applies(Doc doc, Question question) {
    Posture posture = current(question);
    boolean enough = doc.least().entrySet().stream()
        .allMatch(least ->
            posture != null && enough(least.getValue(), posture.claims().get(least.getKey())));
    List<Optional<Boolean>> conditions = doc.conditions().stream()
        .map(condition -> condition.means().apply(question))
        .toList();
    if (!enough || conditions.contains(Optional.of(false))) {
      return Optional.of(false);
    }
    return conditions.contains(Optional.<Boolean>empty()) ? Optional.empty() : Optional.of(true);
  }

  private static boolean enough(PostureClaim least, @Nullable PostureClaim is) {
    List<String> tiers = List.of("contraindicated", "warning", "affirming");
    List<String> assurances =
        List.of("declared", "network-observed", "signed-software", "hardware");
    return is != null
        && tiers.indexOf(is.tier()) >= tiers.indexOf(least.tier())
        && assurances.indexOf(is.assurance()) >= assurances.indexOf(least.assurance());
  }

  /** Whether the flow has all that is asked; what is asked of icmp without a type is all types. */
  static boolean matches(Flow flow, RequestedFlow asked) {
    boolean port = flow.protocol().equals("icmp")
        ? flow.ports().isEmpty() && isOfPeer(asked.port(), asked.peer())
            || flow.ports().stream().anyMatch(types -> hasType(types, asked.port(), asked.peer()))
        : flow.ports().stream().anyMatch(range -> has(range, asked.port()));
    return flow.protocol().equals(asked.protocol()) && port && peer(flow.peer(), asked.peer());
  }

  /** Whether a forbid takes something of what is asked. */
  static boolean takes(Flow flow, RequestedFlow asked) {
    return matches(flow, asked)
        || asked.port() == 0
            && flow.protocol().equals("icmp")
            && asked.protocol().equals("icmp")
            && peer(flow.peer(), asked.peer());
  }

  private static boolean isOfPeer(int port, String peer) {
    boolean name = peer.endsWith("example");
    int first = peer.indexOf(':') < 0 ? 1 : 257;
    return port == 0 || first <= port && port <= (name ? 512 : first + 255);
  }

  private static List<String> types(RequestedFlow asked) {
    String version = !asked.peer().endsWith("example") ? "" : asked.port() <= 256 ? "v4:" : "v6:";
    return asked.port() == 0 ? List.of() : List.of(version + (asked.port() - 1) % 256);
  }

  /** In place of a port stand the types of IPv4 from 1 on, those of IPv6 from 257 on. */
  private static boolean hasType(String types, int port, String peer) {
    boolean four = types.startsWith("v4:") || !types.startsWith("v6:") && peer.indexOf(':') < 0;
    return port > 0
        && (port <= 256) == four
        && has(types.replaceFirst("v.:", ""), (port - 1) % 256);
  }

  private static boolean has(String range, int port) {
    String[] ends = range.split("-");
    return Integer.parseInt(ends[0]) <= port && port <= Integer.parseInt(ends[ends.length - 1]);
  }

  private static boolean peer(String allowed, String asked) {
    return PEERS.computeIfAbsent(allowed + " " + asked, pair -> meets(allowed, asked));
  }

  private static boolean meets(String allowed, String asked) {
    if (!Character.isDigit(allowed.charAt(0)) && allowed.indexOf(':') < 0) {
      return asked.chars().allMatch(c -> c < 128) && allowed.equalsIgnoreCase(asked);
    }
    if (asked.indexOf(':') < 0 && asked.split("\\.", -1).length != 4) {
      return false; // Java reads 10.0 as 10.0.0.0, not every firewall does.
    }
    if (asked.chars().anyMatch(c -> Character.digit(c, 16) < 0 && c != '.' && c != ':')) {
      return false;
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

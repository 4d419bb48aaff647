package io.sallyport.policy;

import static io.sallyport.policy.YamlReader.quoted;

import io.sallyport.kernel.Digest;
import io.sallyport.policy.AccessPolicy.Effect;
import io.sallyport.policy.AccessPolicy.Selector;
import io.sallyport.policy.Verdict.Network;
import io.sallyport.policy.YamlNode.Mark;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads and compiles documents of kind AccessPolicy and Segment, {@code apiVersion: sallyport.io/v1}. The first fault is refused with
 * {@code invalid-policy}; the detail is one line: place, field path, reason.
 */
final class PolicyReader {
  static final int MOST_CONDITION_LENGTH = 2048;

  static final Duration DEFAULT_TTL = Duration.ofMinutes(10);
  private static final Duration MOST_TTL = Duration.ofHours(24);

  private static final int MOST_CONDITIONS = 32;
  private static final int MOST_LABELS = 32;
  static final int MOST_TEXT = 255;
  /** IEEE 802.1Q; 0 and 4095 are reserved. */
  private static final int MOST_VLAN = 4094;

  /** 0 and 1 mean unknown and trusted devices, those above 65519 are reserved. */
  private static final int LEAST_SECURITY_GROUP = 2;

  private static final int MOST_SECURITY_GROUP = 65519;
  /** What 32 bits can say in bit/s, as access networks are told. */
  private static final int MOST_RATE = 4_294_967;

  private static final Duration LEAST_SESSION = Duration.ofMinutes(1);
  private static final Duration MOST_SESSION = Duration.ofHours(24);

  private static final int MOST_FILTER_ID = 64;
  /** Beside a security group or a rate: what a session was given travels in 253 octets (RADIUS Class). */
  private static final int MOST_FILTER_ID_BESIDE = 58;

  /** Visible ASCII but for what RADIUS servers and command lines of network access servers expand. */
  private static final Pattern FILTER_ID = Pattern.compile("[\\x21-\\x7e&&[^\"'`\\\\%]]+");

  /** A DNS label (RFC 1123 §2.1) in lower case: what Kubernetes takes for a name. */
  private static final Pattern NAME = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");

  private final String text;

  private PolicyReader(String text) {
    this.text = text;
  }

  static ReadDocument read(String text) {
    return new PolicyReader(text).document();
  }

  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  private ReadDocument document() {
    YamlValue document =
        new YamlValue(YamlReader.read(text), "").section("apiVersion", "kind", "metadata", "spec");
    document.need("apiVersion").word(List.of("sallyport.io/v1"));
    String kind = document.need("kind").word(List.of("AccessPolicy", "Segment"));
    String name = name(document.need("metadata").section("name").need("name"));
    String hash = Digest.of(text.getBytes(StandardCharsets.UTF_8)).hex();
    YamlValue spec = document.need("spec");
    return kind.equals("Segment") ? Segments.read(name, hash, spec) : policy(name, hash, spec);
  }

  private AccessPolicy policy(String name, String hash, YamlValue document) {
    YamlValue spec = document.section(
        "effect",
        "mode",
        "selector",
        "posture",
        "conditions",
        "allow",
        "deny",
        "grant",
        "network",
        "otherwise",
        "during",
        "exceptions",
        "breakGlass");
    Effect effect = spec.find("effect")
        .map(value ->
            Effect.valueOf(value.word(List.of("permit", "forbid")).toUpperCase(Locale.ROOT)))
        .orElse(Effect.PERMIT);
    if (effect == Effect.FORBID) {
      refuseWhatPermits(spec);
    } else if (spec.find("deny").isPresent()) {
      throw spec.find("deny")
          .get()
          .fault("stands only in a policy with effect: forbid; what is not allowed is denied");
    }
    Selector selector = spec.find("selector").map(PolicyReader::selector).orElse(Selector.ALL);
    List<PostureRequirement> posture =
        spec.find("posture").map(PolicyReader::posture).orElse(List.of());
    List<Condition> conditions = spec.find("conditions").map(this::conditions).orElse(List.of());
    List<FlowRule> rules =
        new FlowReader(name, effect).rules(spec.need(effect == Effect.FORBID ? "deny" : "allow"));
    Terms terms = TermsReader.read(spec, effect);
    if (terms.isTimed() && rules.stream().anyMatch(rule -> rule.essential() != null)) {
      throw spec.need("allow")
          .fault(
              "has an essential flow, which outlives the loss of Sallyport and so any end; put it into a"
                  + " policy without during, exceptions and breakGlass");
    }
    return new AccessPolicy(
        name,
        hash,
        effect,
        observes(spec),
        selector,
        posture,
        conditions,
        rules,
        spec.find("grant")
            .map(grant -> grant.section("ttl").need("ttl").duration(MOST_TTL))
            .orElse(DEFAULT_TTL),
        spec.find("network").map(PolicyReader::network).orElse(null),
        spec.find("otherwise")
            .map(otherwise ->
                otherwise.section("quarantineVlan").need("quarantineVlan").number(1, MOST_VLAN))
            .orElse(null),
        terms,
        List.of());
  }

  /** A forbid says when it forbids by its conditions alone: of least posture nobody could tell which way it is meant. */
  private static void refuseWhatPermits(YamlValue spec) {
    spec.find("allow").ifPresent(value -> {
      throw value.fault("a policy with effect: forbid has deny: instead");
    });
    spec.find("posture").ifPresent(value -> {
      throw value.fault("is the least that a permit needs; in a forbid write a condition, for"
          + " instance posture.claims[\"executables\"].tier == \"contraindicated\"");
    });
    for (String field : List.of("grant", "network", "otherwise")) {
      spec.find(field).ifPresent(value -> {
        throw value.fault("a policy with effect: forbid permits nothing; leave the field out");
      });
    }
  }

  /** What {@code mode} says, enforce unless said. */
  static boolean observes(YamlValue spec) {
    return spec.find("mode")
        .map(mode -> mode.word(List.of("enforce", "observe")).equals("observe"))
        .orElse(false);
  }

  static String name(YamlValue value) {
    String name = value.text(63);
    if (!isName(name)) {
      throw value.fault(quoted(name)
          + " is not a name; use lower-case letters, digits and hyphens, and no hyphen at an end");
    }
    return name;
  }

  static Selector selector(YamlValue value) {
    YamlValue selector =
        value.section("profile", "manufacturer", "model", "site", "labels", "segment");
    Map<String, String> labels = new LinkedHashMap<>();
    selector
        .find("labels")
        .ifPresent(all ->
            all.fields(MOST_LABELS).forEach((label, is) -> labels.put(label, is.text(MOST_TEXT))));
    return new Selector(
        text(selector.find("profile")),
        text(selector.find("manufacturer")),
        text(selector.find("model")),
        text(selector.find("site")),
        labels,
        selector.find("segment").map(PolicyReader::name).orElse(null));
  }

  private static @Nullable String text(Optional<YamlValue> value) {
    return value.map(present -> present.text(MOST_TEXT)).orElse(null);
  }

  private static List<PostureRequirement> posture(YamlValue value) {
    List<PostureRequirement> requirements = new ArrayList<>();
    value
        .section(PostureRequirement.CLAIMS.toArray(String[]::new))
        .fields(PostureRequirement.CLAIMS.size())
        .forEach((claim, is) -> {
          is.section("tier", "assurance");
          requirements.add(new PostureRequirement(
              claim,
              is.need("tier").word(PostureRequirement.TIERS.reversed()),
              is.need("assurance").word(PostureRequirement.ASSURANCES)));
        });
    return requirements;
  }

  private List<Condition> conditions(YamlValue value) {
    List<Condition> conditions = new ArrayList<>();
    for (YamlValue item : value.items(MOST_CONDITIONS)) {
      String condition = item.text(MOST_CONDITION_LENGTH);
      try {
        conditions.add(Conditions.compile(condition));
      } catch (Conditions.Fault fault) {
        throw item.fault(
            place(item.node().at(), condition, fault), String.valueOf(fault.getMessage()));
      }
    }
    return conditions;
  }

  /**
   * Where in the document a place of a condition stands. A condition written on one line, or as a literal block, is found
   * again line by line; of one that YAML folded or unescaped only the beginning is known.
   */
  private Mark place(Mark start, String condition, Conditions.Fault fault) {
    String wanted = condition.lines().skip(fault.line() - 1L).findFirst().orElse("");
    List<String> lines = text.lines().toList();
    for (int line = start.line() + fault.line() - 1; line <= start.line() + fault.line(); line++) {
      if (!wanted.isBlank() && line <= lines.size()) {
        int from = line == start.line() ? start.column() - 1 : 0;
        int column = lines.get(line - 1).indexOf(wanted, from);
        if (column >= 0) {
          return new Mark(line, column + fault.column() + 1);
        }
      }
    }
    return start;
  }

  private static Network network(YamlValue value) {
    value.section("vlan", "filterId", "securityGroup", "rate", "sessionTimeout");
    Network network = new Network(
        value.find("vlan").map(present -> present.number(1, MOST_VLAN)).orElse(null),
        value.find("filterId").map(PolicyReader::filterId).orElse(null),
        value
            .find("securityGroup")
            .map(present -> present.number(LEAST_SECURITY_GROUP, MOST_SECURITY_GROUP))
            .orElse(null),
        value.find("rate").map(present -> present.number(1, MOST_RATE)).orElse(null),
        value.find("sessionTimeout").map(PolicyReader::sessionTimeout).orElse(null));
    if (network.equals(new Network(null, null))) {
      throw value.fault("needs vlan, filterId, securityGroup, rate or sessionTimeout");
    }
    String filter = network.filterId();
    boolean beside = network.securityGroup() != null || network.rate() != null;
    if (beside && filter != null && filter.length() > MOST_FILTER_ID_BESIDE) {
      throw value.fault("has a filterId of " + filter.length()
          + " characters; beside securityGroup or rate it may have " + MOST_FILTER_ID_BESIDE);
    }
    return network;
  }

  private static Duration sessionTimeout(YamlValue value) {
    Duration timeout = value.duration(MOST_SESSION);
    if (timeout.compareTo(LEAST_SESSION) < 0) {
      throw value.fault("must be at least " + LEAST_SESSION
          + "; each end of a session is an authentication of its own");
    }
    return timeout;
  }

  private static String filterId(YamlValue value) {
    String filter = value.text(MOST_FILTER_ID);
    if (!FILTER_ID.matcher(filter).matches()) {
      throw value.fault(quoted(filter)
          + " must be visible ASCII without spaces, quotes, backslash and percent sign");
    }
    return filter;
  }
}

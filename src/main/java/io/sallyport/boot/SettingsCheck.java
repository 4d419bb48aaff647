package io.sallyport.boot;

import io.quarkus.runtime.configuration.DurationConverter;
import io.sallyport.kernel.LogName;
import io.sallyport.kernel.WitnessKey;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Finds settings that mean nothing, are unsafe or do not fit together, before anything is started with them. */
final class SettingsCheck {
  private static final int SHORTEST_TOKEN = 32;

  /** CK_TOKEN_INFO (PKCS#11 v2.40 §3.3). */
  private static final int LONGEST_LABEL = 32;
  /** Purposes whose keys may live in a PKCS#11 token. */
  private static final List<String> IN_TOKENS =
      List.of("authority", "grants", "ocsp", "signals", "verifier");

  /** What a Session-Timeout may say at most. */
  private static final Duration LONGEST_SESSION = Duration.ofDays(366);

  private static final Duration LONGEST_TERM = Duration.ofDays(100 * 366);

  /** The property {@code sallyport.NAME} and its bounds, both allowed. */
  private record Bound(String name, Duration least, Duration most) {}

  private static final List<Bound> DURATIONS = List.of(
      new Bound("status.crl-validity", Duration.ofMinutes(1), Duration.ofDays(30)),
      new Bound("status.delta-validity", Duration.ofMinutes(1), Duration.ofDays(30)),
      new Bound("status.ocsp-validity", Duration.ofSeconds(1), Duration.ofDays(7)),
      new Bound("attestation.challenge-lifetime", Duration.ofSeconds(1), Duration.ofHours(1)),
      new Bound("acme.order-lifetime", Duration.ofMinutes(1), Duration.ofDays(30)),
      new Bound("decision.confirm-within", Duration.ofMillis(100), Duration.ofMinutes(5)),
      new Bound("audit.deliver-every", Duration.ofSeconds(1), Duration.ofHours(1)),
      new Bound("audit.store.least-retention", Duration.ofDays(1), Duration.ofDays(36_500)),
      new Bound("retention.facts", Duration.ofDays(30), LONGEST_TERM),
      new Bound("retention.decisions", Duration.ofDays(1), LONGEST_TERM),
      new Bound("retention.certificates", Duration.ofDays(30), LONGEST_TERM),
      new Bound("decision.log-every", Duration.ofMillis(10), Duration.ofMinutes(1)),
      new Bound("decision.log-wait", Duration.ofMillis(1), Duration.ofSeconds(5)),
      // An agent takes ten seconds of silence for the loss of its server.
      new Bound("feed.heartbeat-every", Duration.ofMillis(100), Duration.ofSeconds(5)),
      new Bound("marks.clock-tolerance", Duration.ofSeconds(1), Duration.ofHours(1)),
      new Bound("radius.interim", Duration.ofMinutes(1), Duration.ofHours(24)),
      new Bound("radius.longest-session", Duration.ofSeconds(1), LONGEST_SESSION),
      new Bound("radius.quarantine-session", Duration.ofSeconds(1), LONGEST_SESSION));

  private static final Map<String, Set<String>> WORDS = Map.of(
      "decision.log-overflow", Set.of("drop", "spill", "block"),
      "log.format", Set.of("text", "json"),
      "log.access", Set.of("true", "false"),
      "marks.required", Set.of("true", "false"),
      "retention.hold", Set.of("true", "false"),
      "retention.partition", Set.of("month", "quarter", "year"),
      "root", Set.of("here", "offline"));

  private final Function<String, @Nullable String> settings;
  private final List<String> faults = new ArrayList<>();

  private SettingsCheck(Function<String, @Nullable String> settings) {
    this.settings = settings;
  }

  /** All faults, each a sentence that names the variable. {@code settings} answers null for what is not set. */
  static List<String> faults(Function<String, @Nullable String> settings) {
    SettingsCheck check = new SettingsCheck(settings);
    WORDS.keySet().stream().sorted().forEach(check::word);
    DURATIONS.forEach(check::duration);
    check.url("traces.endpoint", Set.of("http", "https"));
    check.url("status.url", Set.of("http", "https"));
    check.url("grants.issuer", Set.of("https"));
    check.url("authzen.policy-decision-point", Set.of("https"));
    check.url("audit.store.endpoint", Set.of("http", "https"));
    check.witnesses();
    check.origin();
    check.checkpointFile();
    check.store();
    check.blocklists();
    check.hosts("manufacturers.list-hosts");
    check.hosts("mud.hosts");
    check.readable("mud.trust-file");
    check.readable("mud.tls-trust-file");
    check.ratio("traces.ratio");
    check.ratio("decision.log-permits");
    check.positive("door.failed-authentications-per-minute");
    check.positive("acme.open-orders");
    check.within("status.crl-shards", 1, 4096);
    check.within("decision.spill-megabytes", 1, 1_000_000);
    check.positive("people.failed-authentications-per-minute");
    check.positive("console.failed-sign-ins-per-minute");
    check.secrets();
    check.tokens();
    check.database();
    return List.copyOf(check.faults);
  }

  /** The environment variable of a setting. */
  static String variable(String name) {
    return "SALLYPORT_" + name.toUpperCase(Locale.ROOT).replace('-', '_').replace('.', '_');
  }

  private @Nullable String value(String name) {
    String value = settings.apply(name);
    return value == null || value.isEmpty() ? null : value;
  }

  private void fault(String name, String sentence) {
    faults.add(variable(name) + " " + sentence);
  }

  private void word(String name) {
    String value = value(name);
    Set<String> words = WORDS.get(name);
    if (value != null && words != null && !words.contains(value.toLowerCase(Locale.ROOT))) {
      fault(
          name,
          "must be " + String.join(" or ", words.stream().sorted().toList()) + ", not "
              + shown(value) + ".");
    }
  }

  private void duration(Bound bound) {
    String value = value(bound.name);
    if (value == null) {
      return;
    }
    try {
      Duration duration = DurationConverter.parseDuration(value);
      if (duration.compareTo(bound.least) < 0 || duration.compareTo(bound.most) > 0) {
        fault(
            bound.name,
            "must lie between " + bound.least + " and " + bound.most + ", not " + shown(value)
                + ".");
      }
    } catch (IllegalArgumentException unreadable) {
      fault(bound.name, "must be a duration such as " + bound.most + ", not " + shown(value) + ".");
    }
  }

  private void url(String name, Set<String> schemes) {
    String value = value(name);
    if (value == null || isUrl(value, schemes)) {
      return;
    }
    fault(
        name,
        "must be a URL with " + String.join(" or ", schemes.stream().sorted().toList())
            + ", a host and no slash, user, query or fragment at its end, not " + shown(value)
            + ".");
  }

  private static boolean isUrl(String value, Set<String> schemes) {
    try {
      URI url = new URI(value);
      return url.getScheme() != null
          && schemes.contains(url.getScheme())
          && url.getHost() != null
          && url.getUserInfo() == null
          && url.getQuery() == null
          && url.getFragment() == null
          && !value.endsWith("/");
    } catch (URISyntaxException e) {
      return false;
    }
  }

  private void witnesses() {
    List<String> keys = list("audit.witness-key");
    List<String> urls = list("audit.witness-url");
    if (keys.size() != urls.size()) {
      fault(
          "audit.witness-url",
          "and " + variable("audit.witness-key")
              + " belong together; set as many of both, or neither.");
    }
    for (String url : urls) {
      if (!isUrl(url, Set.of("http", "https"))) {
        fault(
            "audit.witness-url",
            "must be URLs with http or https, by commas, not " + shown(url) + ".");
      }
    }
    for (String key : keys) {
      try {
        WitnessKey.parse(key);
      } catch (IllegalArgumentException e) {
        fault("audit.witness-key", "cannot be used: " + e.getMessage());
      }
    }
  }

  /** Bucket names as Amazon has them, also elsewhere. */
  private void store() {
    String bucket = value("audit.store.bucket");
    if (bucket != null && !bucket.matches("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")) {
      fault("audit.store.bucket", "must be the name of a bucket, not " + shown(bucket) + ".");
    }
    String prefix = value("audit.store.prefix");
    if (prefix != null && !prefix.matches("[A-Za-z0-9._/-]{1,512}")) {
      fault(
          "audit.store.prefix",
          "must have letters, digits, '.', '_', '-' and '/' only, not " + shown(prefix) + ".");
    }
    if ((value("audit.store.access-key-id") == null) != (value("audit.store.secret-key") == null)) {
      fault(
          "audit.store.access-key-id",
          "and " + variable("audit.store.secret-key") + " belong together; set both or neither.");
    }
  }

  private void checkpointFile() {
    String file = value("audit.checkpoint-file");
    if (file != null && (!file.startsWith("/") || file.indexOf('\0') >= 0)) {
      fault("audit.checkpoint-file", "must be an absolute path, not " + shown(file) + ".");
    }
  }

  /** What the server puts behind the name itself. */
  private void origin() {
    String origin = value("audit.origin");
    if (origin != null && LogName.losses(origin) > 0) {
      fault(
          "audit.origin",
          "is the name that the log began with, without what an accepted loss put behind it.");
    }
  }

  private void hosts(String name) {
    for (String host : list(name)) {
      if (!host.strip().matches("([A-Za-z0-9][A-Za-z0-9.-]*|\\[[0-9A-Fa-f:.]+])(:[0-9]{1,5})?")) {
        fault(
            name,
            "must be hosts such as crl.example or crl.example:8080, by commas, not " + shown(host)
                + ".");
      }
    }
  }

  /** A file of which the content is looked at when it is used. */
  private void readable(String name) {
    String file = value(name);
    if (file != null && (file.indexOf('\0') >= 0 || !Files.isReadable(Path.of(file)))) {
      fault(name, "names a file that cannot be read: " + shown(file) + ".");
    }
  }

  /** What is in them is looked at with the first certificate. */
  private void blocklists() {
    String files = value("pki.key-blocklists");
    if (files == null) {
      return;
    }
    for (String file : files.split(",")) {
      if (!file.startsWith("/") || file.indexOf('\0') >= 0) {
        fault(
            "pki.key-blocklists",
            "must be absolute paths with commas between them, not " + shown(file) + ".");
      } else if (!Files.isReadable(Path.of(file))) {
        fault("pki.key-blocklists", "names a file that cannot be read: " + shown(file) + ".");
      }
    }
  }

  private void ratio(String name) {
    String value = value(name);
    if (value == null) {
      return;
    }
    try {
      double ratio = Double.parseDouble(value);
      if (ratio >= 0 && ratio <= 1) {
        return;
      }
    } catch (NumberFormatException unreadable) {
      // Told below.
    }
    fault(name, "must be a number from 0 to 1, not " + shown(value) + ".");
  }

  private void positive(String name) {
    String value = value(name);
    if (value != null && !value.matches("[1-9][0-9]{0,8}")) {
      fault(name, "must be a number above 0, not " + shown(value) + ".");
    }
  }

  private void within(String name, int least, int most) {
    String value = value(name);
    if (value == null) {
      return;
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= least && number <= most) {
        return;
      }
    } catch (NumberFormatException unreadable) {
      // Told below.
    }
    fault(
        name,
        "must be a whole number from " + least + " to " + most + ", not " + shown(value) + ".");
  }

  private void secrets() {
    String token = value("admin-token");
    if (token != null && token.length() < SHORTEST_TOKEN) {
      fault("admin-token", "must have " + SHORTEST_TOKEN + " characters or more.");
    }
    if (value("master-key") != null && value("master-key-file") != null) {
      fault(
          "master-key",
          "and " + variable("master-key-file") + " exclude each other; set one of them.");
    }
  }

  private void tokens() {
    boolean set = value("pkcs11.library") != null;
    for (String name : List.of("pkcs11.tokens", "pkcs11.pin-file")) {
      if (set && value(name) == null) {
        fault(name, "must be set too when " + variable("pkcs11.library") + " is.");
      } else if (!set && value(name) != null) {
        fault(name, "means nothing without " + variable("pkcs11.library") + ".");
      }
    }
    List<String> tokens = list("pkcs11.tokens");
    for (String token : tokens) {
      if (token.isEmpty()
          || token.contains("@")
          || token.getBytes(StandardCharsets.UTF_8).length > LONGEST_LABEL) {
        fault(
            "pkcs11.tokens",
            "must be labels of 1 to " + LONGEST_LABEL + " octets without an @, or slot:NUMBER, not "
                + shown(token) + ".");
      }
    }
    for (String purpose : list("pkcs11.purposes")) {
      int at = purpose.indexOf('@');
      String name = (at < 0 ? purpose : purpose.substring(0, at)).split(":", 2)[0];
      if (name.equals("log") || name.equals("server")) {
        fault(
            "pkcs11.purposes",
            "cannot name " + name + ": "
                + (name.equals("log")
                    ? "the log is signed with Ed25519, which tokens do not do here."
                    : "TLS cannot wait for a token."));
      } else if (!IN_TOKENS.contains(name)) {
        fault(
            "pkcs11.purposes",
            "must name some of " + String.join(", ", IN_TOKENS) + ", not " + shown(purpose) + ".");
      } else if (at >= 0 && !tokens.contains(purpose.substring(at + 1))) {
        fault(
            "pkcs11.purposes",
            "names a token that " + variable("pkcs11.tokens") + " does not: " + shown(purpose)
                + ".");
      }
    }
  }

  private List<String> list(String name) {
    String value = value(name);
    return value == null ? List.of() : List.of(value.split(",", -1));
  }

  private void database() {
    String url = value("db-url");
    if (url == null) {
      return;
    }
    if (value("bench") != null) {
      fault("bench", "fills the database and is for a server that is thrown away; unset it.");
    }
    if (!url.startsWith("jdbc:postgresql:")) {
      fault("db-url", "must begin with jdbc:postgresql:.");
    } else if (url.toLowerCase(Locale.ROOT).contains("password=")) {
      fault(
          "db-url",
          "carries a password, which would stand in logs; set " + variable("db-password") + ".");
    }
  }

  /** Without what could forge a line, and not too much of it. */
  private static String shown(String value) {
    String clean = value.replaceAll("[^\\x20-\\x7e]", "?");
    return "\"" + (clean.length() > 80 ? clean.substring(0, 80) + "…" : clean) + "\"";
  }
}

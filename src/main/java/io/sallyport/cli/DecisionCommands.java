package io.sallyport.cli;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin decisions}. */
@Command(name = "decisions", description = "What was decided, and from what.")
final class DecisionCommands {
  private final Options options;
  private final Clock clock;

  DecisionCommands(Options options, Clock clock) {
    this.options = options;
    this.clock = clock;
  }

  @Command(
      description =
          "Lists logged decisions, newest first: all denials, and the logged share of permits.")
  void list(
      @Option(names = "--device", paramLabel = "ID", description = "the device's UUID") @Nullable
          UUID device,
      @Option(names = "--peer", description = "name or address that was asked for") @Nullable
          String peer,
      @Option(names = "--protocol", description = "tcp, udp or icmp") @Nullable String protocol,
      @Option(names = "--port") @Nullable Integer port,
      @Option(names = "--policy", description = "the policy that decided") @Nullable String policy,
      @Option(names = "--rule", description = "the rule in it") @Nullable String rule,
      @Option(
              names = "--reason",
              description =
                  "what the first reason is about (stale, state, credential), or with a colon how it begins")
          @Nullable
          String reason,
      @Option(names = "--outcome", description = "permit, deny, indeterminate or not-evaluated")
          @Nullable
          String outcome,
      @Option(
              names = "--asked-by",
              description = "kind and name, such as enforcement-point:firewall-1")
          @Nullable
          String askedBy,
      @Option(names = "--since", description = "an instant, or how far back, such as PT1H or P7D")
          @Nullable
          String since,
      @Option(names = "--until", description = "an instant, or how far back") @Nullable
          String until,
      @Option(names = "--limit", defaultValue = "50", description = "at most so many") int limit) {
    Map<String, String> query = new TreeMap<>();
    put(query, "device", device);
    put(query, "peer", peer);
    put(query, "protocol", protocol);
    put(query, "port", port);
    put(query, "policy", policy);
    put(query, "rule", rule);
    put(query, "reason", reason);
    put(query, "outcome", outcome);
    put(query, "asked-by", askedBy);
    put(query, "since", since == null ? null : instant(since));
    put(query, "until", until == null ? null : instant(until));
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list("/decisions", query, limit),
              "at",
              "outcome",
              "device",
              "peer",
              "protocol",
              "port",
              "asked_by",
              "reasons",
              "id");
    }
  }

  @Command(description = "Says what was decided, and what it was computed from.")
  void get(@Parameters(paramLabel = "ID", description = "the decision's id") UUID id) {
    try (ApiClient api = options.api()) {
      options.output().show(api.get("/decisions/" + id));
    }
  }

  private static void put(Map<String, String> query, String name, @Nullable Object value) {
    if (value != null) {
      query.put(name, value.toString());
    }
  }

  private String instant(String text) {
    try {
      return text.startsWith("P")
          ? clock.instant().minus(Duration.parse(text)).toString()
          : Instant.parse(text).toString();
    } catch (DateTimeParseException e) {
      throw Failure.usage(text
          + " is neither an instant such as 2027-01-31T08:00:00Z nor a duration such as PT1H.");
    }
  }
}

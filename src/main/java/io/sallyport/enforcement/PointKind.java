package io.sallyport.enforcement;

import io.sallyport.kernel.Refusal;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** How an enforcement point learns what is permitted, and which settings of its own it has. */
public enum PointKind {
  /** Asks by AuthZEN for each decision. */
  AUTHZEN(true, Duration.ZERO),
  /** Asks for its HTTP requests by {@code auth_request} or {@code ext_authz}. */
  GATEWAY(true, Duration.ZERO),
  /** A RADIUS server in front of network access servers; told by Disconnect-Request (RFC 5176). */
  RADIUS(false, Duration.ofSeconds(30), "disconnect", "segment", "abilities"),
  /** Follows the feed and keeps one nftables table. */
  NFTABLES(false, Duration.ofSeconds(10), "segment"),
  /** Fetches an external dynamic list of one flow class. */
  LIST(false, Duration.ofMinutes(5), "segment", "peer", "protocol", "port", "cap"),
  /** Receives Shared Signals. */
  SIGNALS(false, Duration.ofMinutes(1), "push", "audience");

  private final boolean asks;
  private final Duration delay;
  private final Set<String> parameters;

  PointKind(boolean asks, Duration delay, String... parameters) {
    this.asks = asks;
    this.delay = delay;
    this.parameters = Set.of(parameters);
  }

  /** Whether it asks for every decision, so that there is nothing to be told to it. */
  public boolean asks() {
    return asks;
  }

  /** The declared worst-case delay where its settings say nothing else. */
  public Duration usualDelay() {
    return delay;
  }

  /** Names of the parameters that its settings may have. */
  public Set<String> parameters() {
    return parameters;
  }

  /** The name on the wire, lower-case. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Refuses an unknown word with {@code invalid-enforcement-point}. */
  public static PointKind of(String word) {
    return Stream.of(values())
        .filter(kind -> kind.word().equals(word))
        .findFirst()
        .orElseThrow(() -> new Refusal(
            EnforcementProblem.INVALID_ENFORCEMENT_POINT,
            "The kind must be one of "
                + Stream.of(values()).map(PointKind::word).collect(Collectors.joining(", "))
                + "."));
  }
}

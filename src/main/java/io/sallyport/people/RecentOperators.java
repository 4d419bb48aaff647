package io.sallyport.people;

import io.sallyport.kernel.Digest;
import io.sallyport.people.Operators.Operator;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Operators recognised a moment ago, by token digest, so that a busy client does not cost a query each time. Unknown
 * tokens are not remembered: guesses must not push out anybody. Safe for any thread.
 */
final class RecentOperators {
  /** How long a withdrawn token may still be recognised by this node. */
  static final Duration KEPT = Duration.ofSeconds(30);

  /** More tokens than operators and their automation use at one time; beyond it the memory starts afresh. */
  static final int MOST = 1024;

  private final Clock clock;
  private final ConcurrentMap<Digest, Seen> seen = new ConcurrentHashMap<>();

  RecentOperators(Clock clock) {
    this.clock = clock;
  }

  Optional<Operator> find(Digest token) {
    Seen entry = seen.get(token);
    if (entry == null) {
      return Optional.empty();
    }
    if (!clock.instant().isBefore(entry.until)) {
      seen.remove(token, entry);
      return Optional.empty();
    }
    return Optional.of(entry.operator);
  }

  void remember(Digest token, Operator operator) {
    if (seen.size() >= MOST) {
      seen.clear();
    }
    seen.put(token, new Seen(operator, clock.instant().plus(KEPT)));
  }

  private record Seen(Operator operator, Instant until) {}
}

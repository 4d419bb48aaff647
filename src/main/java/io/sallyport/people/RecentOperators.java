package io.sallyport.people;

import io.sallyport.kernel.Digest;
import io.sallyport.people.Operators.Operator;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Operators recognised a moment ago, by token digest, so that a busy client does not cost a query each time. Unknown
 * tokens are not remembered: guesses must not push out anybody. Safe for any thread.
 */
final class RecentOperators {
  /** How long another node may still recognise a withdrawn token; the node that withdraws it forgets at once. */
  static final Duration KEPT = Duration.ofSeconds(30);

  /** More tokens than operators and their automation use at one time; beyond it the memory starts afresh. */
  static final int MOST = 1024;

  private final Clock clock;
  private final ConcurrentMap<Digest, Seen> seen = new ConcurrentHashMap<>();
  private final AtomicLong changes = new AtomicLong();

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

  /** To be asked before the database is, and given to {@link #remember}. */
  long changes() {
    return changes.get();
  }

  /** Remembers what was read, unless something changed since: it may have been read before the change. */
  void remember(Digest token, Operator operator, long readAt) {
    if (seen.size() >= MOST) {
      seen.clear();
    }
    seen.put(token, new Seen(operator, clock.instant().plus(KEPT)));
    if (changes.get() != readAt) {
      seen.remove(token);
    }
  }

  /** An operator was changed or removed. */
  void forget(String name) {
    changes.incrementAndGet();
    seen.values().removeIf(entry -> entry.operator.name().equals(name));
  }

  private record Seen(Operator operator, Instant until) {}
}

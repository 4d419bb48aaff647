package io.sallyport.grants;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jwt.JWTClaimsSet;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Confirmation;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Makes a list when it is asked for, and at most one of a number every few seconds, whoever asks how often. A list says of
 * when it is: {@code iat} is an instant before which every change was given to {@link GrantWithdrawal}, on whichever node.
 */
@Singleton
final class SignedStatusLists implements StatusLists {
  private static final JOSEObjectType TYPE = new JOSEObjectType("statuslist+jwt");
  /** How long the same list is given to all; with {@link #TTL} it is the whole bound. */
  private static final Duration FRESH = Duration.ofSeconds(4);

  private static final Duration TTL = Duration.ofSeconds(10);
  /** The list of lists changes with a block of places, on any node. */
  private static final Duration KNOWN = Duration.ofSeconds(1);

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);
  private static final Duration PAUSE = Duration.ofMillis(10);
  /** The longest that a policy grants for, and a block of places is in use. */
  private static final Duration LONGEST_LIFE = Duration.ofHours(24).plus(StatusPlaces.LONGEST_USE);

  private final GrantStore store;
  private final TokenKeys keys;
  private final Changes changes;
  private final GrantSettings settings;
  private final Clock clock;
  private final Map<Integer, Slot> slots = new ConcurrentHashMap<>();
  private volatile Known known = new Known(Set.of(), Instant.EPOCH);

  private record Known(Set<Integer> lists, Instant at) {}

  private record Made(String token, Instant at) {}

  /** Who asks for a list while it is made waits for that one. */
  private static final class Slot {
    private @Nullable Made made;
  }

  SignedStatusLists(
      GrantStore store, TokenKeys keys, Changes changes, GrantSettings settings, Clock clock) {
    this.store = store;
    this.keys = keys;
    this.changes = changes;
    this.settings = settings;
    this.clock = clock;
  }

  static String address(GrantSettings settings, int list) {
    return settings.issuer() + PATH + list;
  }

  @Override
  public List<String> addresses() {
    return known().stream().map(list -> address(settings, list)).toList();
  }

  @Override
  public Optional<Published> published(int list) {
    if (!known().contains(list)) {
      return Optional.empty();
    }
    Slot slot = slots.computeIfAbsent(list, number -> new Slot());
    synchronized (slot) {
      Instant now = clock.instant();
      Made made = slot.made;
      if (made == null
          || now.isBefore(made.at)
          || Duration.between(made.at, now).compareTo(FRESH) >= 0) {
        made = make(list);
        slot.made = made;
      }
      return Optional.of(new Published(made.token, TTL));
    }
  }

  private Made make(int list) {
    Instant at = awaitWithdrawals().truncatedTo(ChronoUnit.SECONDS);
    StatusBits bits = new StatusBits(StatusPlace.LIST);
    store.withdrawnOn(list).forEach(bits::invalid);
    JWTClaimsSet claims = new JWTClaimsSet.Builder()
        .issuer(settings.issuer())
        .subject(address(settings, list))
        .issueTime(Date.from(at))
        .expirationTime(Date.from(at.plus(BOUND)))
        .claim("ttl", TTL.toSeconds())
        .claim("status_list", bits.claim())
        .build();
    return new Made(keys.sign(TYPE, claims.toJSONObject()), at);
  }

  /** An instant of which every earlier change was looked at by the one node that withdraws grants. */
  private Instant awaitWithdrawals() {
    Confirmation confirmed = changes.confirmed();
    Instant now = clock.instant();
    if (confirmed == null || confirmed.at().isBefore(now.minus(FRESH))) {
      throw behind();
    }
    long end = System.nanoTime() + LONGEST_WAIT.toNanos();
    while (store.withdrawnTo() < confirmed.position()) {
      if (System.nanoTime() > end) {
        throw behind();
      }
      LockSupport.parkNanos(this, PAUSE.toNanos());
    }
    return confirmed.at();
  }

  private static Refusal behind() {
    return new Refusal(
        CommonProblem.UNAVAILABLE,
        "This node cannot say yet which grants were withdrawn; ask again, or introspect.");
  }

  private Set<Integer> known() {
    Known current = known;
    Instant now = clock.instant();
    if (now.isBefore(current.at) || now.isAfter(current.at.plus(KNOWN))) {
      current = new Known(new TreeSet<>(store.statusLists(now.minus(LONGEST_LIFE))), now);
      slots.keySet().retainAll(current.lists);
      known = current;
    }
    return current.lists;
  }
}

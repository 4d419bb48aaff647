package io.sallyport.enrollment;

import io.sallyport.devices.SerialPattern;
import io.sallyport.enrollment.Approvals.State;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Units that show a manufacturer's IDevID before anybody registered them: what becomes of them, and who waits. */
public interface FirstContacts {
  /** How many entries one call may add to a list. */
  int MOST_AT_ONCE = 10_000;

  /** What becomes of a unit. */
  enum Act {
    REJECT,
    /** It waits for somebody to register it. */
    HOLD,
    /** It is registered as the policy says. */
    ADMIT;

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** As what a unit is registered; null where nothing is said. */
  record Terms(
      @Nullable String model,
      @Nullable String profile,
      @Nullable String owner,
      @Nullable String site) {
    public static final Terms NONE = new Terms(null, null, null, null);
  }

  /**
   * What becomes of a manufacturer's unregistered units.
   *
   * @param listed of those on its list
   * @param unlisted of all others
   * @param terms all of them for {@code ADMIT}; for {@code HOLD} what is proposed to whoever approves
   */
  record ContactPolicy(Act listed, Act unlisted, Terms terms) {
    /** Nobody is admitted who was not registered. */
    public static final ContactPolicy NONE = new ContactPolicy(Act.REJECT, Act.REJECT, Terms.NONE);
  }

  /**
   * A unit that waits, or waited.
   *
   * @param idevid thumbprint of the certificate that it showed first
   * @param remote the address that it came from
   * @param site where it is proposed to be registered, or null
   * @param expiresAt a rejection does not count afterwards; the next contact is a new one then
   */
  record HeldUnit(
      UUID id,
      String manufacturer,
      String serialNumber,
      Digest idevid,
      String remote,
      @Nullable String site,
      State state,
      Instant askedAt,
      Instant expiresAt,
      @Nullable Instant decidedAt,
      @Nullable String decidedBy,
      @Nullable String reason,
      @Nullable UUID device) {}

  ContactPolicy policy(String manufacturer);

  ContactPolicy setPolicy(String manufacturer, ContactPolicy policy, Actor actor);

  /** Adds serial numbers or patterns, 10,000 at most at once, and answers how many are new. */
  int allow(String manufacturer, List<SerialPattern> units, Actor actor);

  /** Takes one entry off the list; nothing happens when it is not there. */
  void disallow(String manufacturer, SerialPattern unit, Actor actor);

  /** The list's entries in order, after {@code cursor}. */
  Page<String> allowed(String manufacturer, @Nullable String cursor, int limit);

  /** Units proposed for {@code sites}, or all of them when it is empty, in this state or any, after {@code cursor}. */
  Page<HeldUnit> list(Set<String> sites, @Nullable State state, @Nullable String cursor, int limit);

  /**
   * Registers the unit, by the policy's terms where {@code terms} say nothing; its next attempt enrolls it. Idempotent.
   * Refuses with {@code unknown-first-contact}, with {@code decided-already} what was rejected or has expired, and for a
   * site that is not among {@code sites}.
   */
  HeldUnit approve(UUID id, Set<String> sites, Terms terms, Actor actor);

  /** Refuses the unit for a while; idempotent, refuses as {@link #approve} does. */
  HeldUnit reject(UUID id, Set<String> sites, String reason, Actor actor);
}

package io.sallyport.pki;

import io.sallyport.kernel.Actor;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * When each device is asked to renew its certificate: spread over the window, so that a fleet that enrolled in an hour does
 * not come back in an hour, and earlier when a campaign says so. A hint: who comes at another time is served as well.
 */
public interface RenewalPlan {
  /** How many campaigns may be open at once. */
  int MOST_CAMPAIGNS = 50;

  /** The longest time over which a campaign spreads renewals. */
  Duration LONGEST_CAMPAIGN = Duration.ofDays(366);

  /**
   * When to renew one certificate.
   *
   * @param at when this one is asked for, the same at every question; past means now
   * @param campaign the campaign that pulled it forward, or null
   */
  record Renewal(
      Instant opensAt,
      Instant at,
      Instant closesAt,
      @Nullable UUID campaign) {}

  /**
   * Which certificates a campaign is about; null means any. Of devices alone.
   *
   * @param authority the issuing authority's name
   */
  record Scope(
      @Nullable String authority,
      @Nullable String certificateProfile,
      @Nullable String deviceProfile,
      @Nullable String site) {}

  /**
   * Renewals that were pulled forward.
   *
   * @param startedAt certificates that were issued later are not concerned
   * @param until over which time since its start the renewals are spread
   * @param endedAt when it was called off or settled, or null while it holds
   */
  record Campaign(
      UUID id,
      Scope scope,
      String reason,
      String startedBy,
      Instant startedAt,
      Instant until,
      @Nullable Instant endedAt) {}

  /** When this live certificate of a device is to be renewed. From memory, but for a campaign by site or device profile. */
  Renewal of(Credential credential);

  /**
   * Asks for the renewal of everything in {@code scope} that was issued until now, evenly over {@code within}; what its
   * own window asks for earlier stays as it is. Refuses with {@code invalid-campaign}.
   */
  Campaign pullForward(Scope scope, Duration within, String reason, Actor actor);

  /** Ends a campaign: its certificates go by their own windows again. Idempotent; refuses with {@code not-found}. */
  Campaign end(UUID campaign, Actor actor);

  /** The newest first, those that have ended too, at most 1000. */
  List<Campaign> campaigns();
}

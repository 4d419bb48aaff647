package io.sallyport.door.est;

import io.sallyport.door.Reply;
import io.sallyport.pki.Credential;
import io.sallyport.pki.RenewalPlan;
import io.sallyport.pki.RenewalPlan.Renewal;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;

/**
 * Tells an EST client when to renew, for RFC 7030 has no words for it: {@code Sallyport-Renew-After}, seconds as in
 * Retry-After (RFC 9110 §10.2.3), 0 for now; {@code Sallyport-Renewal-Window}, an ISO 8601 interval.
 */
@Singleton
final class RenewalHints {
  static final String AFTER = "Sallyport-Renew-After";
  static final String WINDOW = "Sallyport-Renewal-Window";

  private final RenewalPlan plan;
  private final Clock clock;

  RenewalHints(RenewalPlan plan, Clock clock) {
    this.plan = plan;
    this.clock = clock;
  }

  /** The reply with what holds for this certificate. */
  Reply on(Reply reply, Credential credential) {
    Renewal renewal = plan.of(credential);
    long seconds = Math.max(0, Duration.between(clock.instant(), renewal.at()).toSeconds());
    return reply
        .with(AFTER, Long.toString(seconds))
        .with(WINDOW, renewal.opensAt() + "/" + renewal.closesAt());
  }
}

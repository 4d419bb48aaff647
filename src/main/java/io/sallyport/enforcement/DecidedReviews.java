package io.sallyport.enforcement;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.enforcement.Sessions.Session;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.Credentials;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reviews sessions by asking the decision point again. */
@Singleton
final class DecidedReviews implements SessionReviews {

  private final DecisionPoint decisions;
  private final Credentials credentials;
  private final Enforcements enforcements;

  DecidedReviews(DecisionPoint decisions, Credentials credentials, Enforcements enforcements) {
    this.decisions = decisions;
    this.credentials = credentials;
    this.enforcements = enforcements;
  }

  @Override
  public boolean review(Session session) {
    Decision decision = decide(session);
    if (decision.isProvisional()) {
      return false;
    }
    Optional<NetworkAccess> now = NetworkAccess.of(decision);
    if (!now.equals(Optional.of(NetworkAccess.of(session)))) {
      enforcements.withdraw(
          session,
          now.isPresent() && now.get().permit() == session.permit()
              ? "the device is to be attached otherwise"
              : decision.reasons().getFirst());
    }
    return true;
  }

  /** By the certificate that let the device in, unless that was only superseded since: a renewal ends no session. */
  private Decision decide(Session session) {
    Digest certificate = certificate(session);
    return certificate == null || isSuperseded(certificate)
        ? decisions.decide(session.device(), null)
        : decisions.decide(certificate, null);
  }

  private boolean isSuperseded(Digest certificate) {
    return decisions.holder(certificate).isEmpty()
        && credentials
            .byThumbprint(certificate)
            .filter(known -> known.supersededAt() != null && known.revocation() == null)
            .isPresent();
  }

  private static @Nullable Digest certificate(Session session) {
    String thumbprint = session.attributes().get(Sessions.CERTIFICATE);
    return thumbprint == null ? null : Digest.ofHex(thumbprint);
  }
}

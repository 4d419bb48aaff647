package io.sallyport.enrollment;

import io.sallyport.devices.SerialPattern;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Page;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Tokens that let devices enroll, each so many times. Only a digest is kept. */
public interface EnrollmentTokens {
  /** The most uses of one token: who needs more makes another one. */
  int MOST_USES = 1_000_000;

  /**
   * Whom and what a token covers; null means any.
   *
   * @param device the one device, or null; then {@code manufacturer} must be given
   * @param manufacturer whose registered devices, which name themselves by their serial number in the request
   * @param site where the devices must be registered
   * @param network from where the request must come, for instance {@code 10.0.0.0/8}
   * @param certificateProfile the only certificate profile that the token is for, whatever the device's profile allows
   */
  record Coverage(
      @Nullable UUID device,
      @Nullable String manufacturer,
      @Nullable String site,
      @Nullable SerialPattern serialNumbers,
      @Nullable String network,
      @Nullable String certificateProfile) {
    public static Coverage of(UUID device) {
      return new Coverage(device, null, null, null, null, null);
    }
  }

  /**
   * A token without its secret.
   *
   * @param uses how many certificates it is good for
   * @param used how many it gave
   * @param usedAt when it was last used, or null
   */
  record EnrollmentToken(
      UUID id,
      Coverage coverage,
      int uses,
      int used,
      Instant createdAt,
      Instant expiresAt,
      @Nullable Instant usedAt) {}

  /** A new token with its secret, told once. */
  record Minted(EnrollmentToken token, String secret) {}

  /** Makes a token for {@code uses} certificates within {@code lifetime} (at most 90 days). */
  Minted create(Coverage coverage, int uses, Duration lifetime, Actor actor);

  /** Ends a token now, for somebody who sees {@code sites} or every site; a retry of what it gave is still answered. */
  void withdraw(UUID token, Set<String> sites, Actor actor);

  /** Tokens for devices of {@code sites}, or all of them when it is empty, after {@code cursor}. */
  Page<EnrollmentToken> list(Set<String> sites, @Nullable String cursor, int limit);
}

package io.sallyport.enrollment;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Page;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One-time tokens, each for one device. Only a digest is kept. */
public interface EnrollmentTokens {
  /**
   * A token without its secret.
   *
   * @param usedAt when it was consumed, or null
   */
  record EnrollmentToken(
      UUID id,
      UUID device,
      Instant createdAt,
      Instant expiresAt,
      @Nullable Instant usedAt) {}

  /** A new token with its secret, told once. */
  record Minted(EnrollmentToken token, String secret) {}

  /** Makes a token that lets {@code device} enroll once within {@code lifetime} (at most 90 days). */
  Minted create(UUID device, Duration lifetime, Actor actor);

  /** Tokens for devices of {@code sites}, or all of them when it is empty, after {@code cursor}. */
  Page<EnrollmentToken> list(Set<String> sites, @Nullable String cursor, int limit);
}

package io.sallyport.enrollment;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import java.time.Instant;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** First requests of devices whose certificate profile wants a person's approval. Changes are facts about the device. */
public interface Approvals {
  /** Where a request stands. */
  enum State {
    PENDING,
    APPROVED,
    REJECTED;

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A request for a certificate that waits, or waited.
   *
   * @param profile the certificate profile's name
   * @param key SHA-256 over the SubjectPublicKeyInfo
   * @param expiresAt neither an approval nor a rejection counts afterwards; the same request is a new one then
   */
  record EnrollmentRequest(
      UUID id,
      UUID device,
      String profile,
      Digest key,
      State state,
      Instant askedAt,
      Instant expiresAt,
      @Nullable Instant decidedAt,
      @Nullable String decidedBy,
      @Nullable String reason) {}

  /** Those of devices on {@code sites}, or all of them when it is empty, in this state or any, after {@code cursor}. */
  Page<EnrollmentRequest> list(
      Set<String> sites, @Nullable State state, @Nullable String cursor, int limit);

  /**
   * Lets the request's next repetition get one certificate; idempotent. Refuses with {@code unknown-enrollment-request},
   * and with {@code decided-already} what was rejected or has expired.
   */
  EnrollmentRequest approve(UUID id, Set<String> sites, Actor actor);

  /** Refuses the request until it expires; idempotent, refuses as {@link #approve} does. */
  EnrollmentRequest reject(UUID id, Set<String> sites, String reason, Actor actor);
}

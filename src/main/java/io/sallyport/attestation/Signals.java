package io.sallyport.attestation;

import io.sallyport.kernel.Actor;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What others say of a device, for instance an intrusion detection system: while a signal lasts, the device's posture is
 * no better than it. A signal never makes a posture better. Facts are about subject type {@code device}.
 */
public interface Signals {
  /** The longest that a signal lasts. */
  Duration LONGEST = Duration.ofDays(30);

  /** How bad it is, and which tier a posture can still have. */
  enum Severity {
    /** For the record; the posture stays what it is. */
    LOW(TrustTier.NONE),
    MEDIUM(TrustTier.WARNING),
    HIGH(TrustTier.CONTRAINDICATED),
    CRITICAL(TrustTier.CONTRAINDICATED);

    private final TrustTier tier;

    Severity(TrustTier tier) {
      this.tier = tier;
    }

    /** The best tier beside it, or {@link TrustTier#NONE} when it lowers nothing. */
    public TrustTier tier() {
      return tier;
    }

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * What a source reports.
   *
   * @param kind what was seen, for instance {@code malware}: 1 to 64 lower-case letters, digits and hyphens
   * @param claim the AR4SI claim that it is about
   * @param reason one sentence for people
   * @param lifetime more than zero, up to {@link #LONGEST}
   */
  record Report(
      UUID device,
      String kind,
      Severity severity,
      String claim,
      String reason,
      Duration lifetime) {}

  /**
   * A signal.
   *
   * @param source who sent it
   * @param endedAt when it expired or was withdrawn, or null
   */
  record Signal(
      UUID id,
      UUID device,
      String source,
      String kind,
      Severity severity,
      String claim,
      String reason,
      Instant receivedAt,
      Instant expiresAt,
      @Nullable Instant endedAt) {
    public boolean activeAt(Instant time) {
      return endedAt == null && time.isBefore(expiresAt);
    }
  }

  /**
   * Takes a signal, in place of the one of this source, kind and claim. Refuses with {@code invalid-signal}, and with {@code
   * too-many-signals} beyond 16 of one source about one device.
   */
  Signal receive(Report report, String source, Actor actor);

  /** Takes a signal back; idempotent. */
  void withdraw(UUID signal, Actor actor);

  Optional<Signal> find(UUID signal);

  /** The device's, newest first. */
  List<Signal> of(UUID device, int limit);

  /** Those that have not ended, by device; devices without any are left out. */
  Map<UUID, List<Signal>> active(Collection<UUID> devices);
}

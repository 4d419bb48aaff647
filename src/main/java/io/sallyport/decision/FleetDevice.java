package io.sallyport.decision;

import io.sallyport.attestation.Appraisal;
import io.sallyport.attestation.Assurance;
import io.sallyport.attestation.Signals.Signal;
import io.sallyport.attestation.TrustTier;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.Credential;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.Signalled;
import io.sallyport.policy.Question.Subject;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One device, as far as decisions look at it.
 *
 * @param subject for the policy, without what the profile says of policies
 * @param standing null when it never attested
 * @param credentials neither revoked nor superseded when they were read
 * @param lowerings what signals make of its posture, each until it ends
 * @param signals each until it ends
 */
record FleetDevice(
    Subject subject,
    DeviceState state,
    @Nullable Standing standing,
    List<LiveCredential> credentials,
    List<Lowering> lowerings,
    List<Signalled> signals) {
  private static final String NONE = TrustTier.NONE.word();

  FleetDevice {
    credentials = List.copyOf(credentials);
    lowerings = List.copyOf(lowerings);
    signals = List.copyOf(signals);
  }

  /** Without a signal that lowers nothing. */
  FleetDevice(
      Subject subject,
      DeviceState state,
      @Nullable Standing standing,
      List<LiveCredential> credentials,
      List<Lowering> lowerings) {
    this(subject, state, standing, credentials, lowerings, List.of());
  }

  UUID id() {
    return UUID.fromString(subject.id());
  }

  /** The best that a claim can be until then. */
  record Lowering(String claim, TrustTier tier, Instant until) {}

  /** The latest appraisal. */
  record Standing(UUID appraisal, Posture posture) {}

  /** A certificate that counts within its validity. */
  record LiveCredential(
      Digest thumbprint, CertificateName name, Instant notBefore, Instant notAfter) {
    boolean liveAt(Instant time) {
      return !time.isBefore(notBefore) && !time.isAfter(notAfter);
    }
  }

  static FleetDevice of(
      Device device,
      List<Credential> credentials,
      Optional<Appraisal> appraisal,
      List<Signal> signals) {
    Subject subject = new Subject(
        device.id().toString(),
        device.hardware().manufacturer(),
        device.hardware().model(),
        device.hardware().serialNumber(),
        device.profile(),
        device.owner(),
        device.site(),
        device.labels(),
        device.state().word(),
        null);
    List<LiveCredential> live = credentials.stream()
        .filter(credential -> credential.revocation() == null && credential.supersededAt() == null)
        .map(credential -> new LiveCredential(
            credential.thumbprint(),
            // Interned: a handful of issuers, and a name for every certificate of the fleet.
            new CertificateName(credential.authorityKeyIdentifier().intern(), credential.serial()),
            credential.notBefore(),
            credential.notAfter()))
        .toList();
    List<Lowering> lowerings = signals.stream()
        .filter(signal -> signal.severity().tier() != TrustTier.NONE)
        .map(signal -> new Lowering(signal.claim(), signal.severity().tier(), signal.expiresAt()))
        .toList();
    return new FleetDevice(
        subject,
        device.state(),
        appraisal.map(FleetDevice::standing).orElse(null),
        live,
        lowerings,
        signals.stream()
            .map(signal -> new Signalled(
                signal.kind(), signal.claim(), signal.severity().word(), signal.expiresAt()))
            .toList());
  }

  /** What is reported of it at that time. */
  List<Signalled> signals(Instant time) {
    return signals.isEmpty()
        ? signals
        : signals.stream().filter(signal -> time.isBefore(signal.until())).toList();
  }

  /** The posture as signals leave it at that time; null when there is neither an appraisal nor a signal. */
  @Nullable
  Posture posture(Instant time) {
    Posture posture = standing == null ? null : standing.posture();
    for (Lowering lowering : lowerings) {
      if (time.isBefore(lowering.until)) {
        posture = lowered(posture, lowering);
      }
    }
    return posture;
  }

  private static Posture lowered(@Nullable Posture before, Lowering lowering) {
    Posture base = before == null ? new Posture(NONE, Map.of(), Map.of(), lowering.until) : before;
    Map<String, PostureClaim> claims = new HashMap<>(base.claims());
    PostureClaim claim = claims.get(lowering.claim);
    if (lowers(claim == null ? NONE : claim.tier(), lowering.tier)) {
      claims.put(
          lowering.claim,
          new PostureClaim(lowering.tier.word(), Assurance.NETWORK_OBSERVED.word()));
    }
    return new Posture(
        lowers(base.status(), lowering.tier) ? lowering.tier.word() : base.status(),
        claims,
        base.observed(),
        base.expiresAt());
  }

  /** No statement is worse than a warning: a policy can rest on a warning. */
  private static boolean lowers(String word, TrustTier to) {
    TrustTier from = TrustTier.valueOf(word.toUpperCase(Locale.ROOT));
    return from == TrustTier.NONE ? to == TrustTier.CONTRAINDICATED : from.compareTo(to) < 0;
  }

  /** The live credential with this thumbprint, or without one the live credential that lasts longest. */
  @Nullable
  LiveCredential liveCredential(
      @Nullable Digest thumbprint, Instant time, Set<String> revokedIssuers) {
    LiveCredential best = null;
    for (LiveCredential credential : credentials) {
      if (credential.liveAt(time)
          && (revokedIssuers.isEmpty()
              || !revokedIssuers.contains(credential.name().authorityKeyIdentifier()))
          && (thumbprint == null || credential.thumbprint().equals(thumbprint))
          && (best == null || credential.notAfter().isAfter(best.notAfter()))) {
        best = credential;
      }
    }
    return best;
  }

  private static Standing standing(Appraisal appraisal) {
    Map<String, PostureClaim> claims = new HashMap<>();
    appraisal
        .claims()
        .forEach((name, claim) -> claims.put(
            name, new PostureClaim(claim.tier().word(), claim.assurance().word())));
    Posture posture =
        new Posture(appraisal.status().word(), claims, appraisal.observed(), appraisal.expiresAt());
    return new Standing(appraisal.id(), posture);
  }
}

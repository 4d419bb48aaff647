package io.sallyport.decision;

import io.sallyport.attestation.Appraisal;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.Credential;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.Subject;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One device, as far as decisions look at it.
 *
 * @param subject for the policy, without what the profile says of policies
 * @param standing null when it never attested
 * @param credentials neither revoked nor superseded when they were read
 */
record FleetDevice(
    Subject subject,
    DeviceState state,
    @Nullable Standing standing,
    List<LiveCredential> credentials) {
  FleetDevice {
    credentials = List.copyOf(credentials);
  }

  /** The latest appraisal. */
  record Standing(UUID appraisal, Posture posture) {}

  /** A certificate that counts within its validity. */
  record LiveCredential(Digest thumbprint, Instant notBefore, Instant notAfter) {
    boolean liveAt(Instant time) {
      return !time.isBefore(notBefore) && !time.isAfter(notAfter);
    }
  }

  static FleetDevice of(
      Device device, List<Credential> credentials, Optional<Appraisal> appraisal) {
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
            credential.thumbprint(), credential.notBefore(), credential.notAfter()))
        .toList();
    return new FleetDevice(
        subject, device.state(), appraisal.map(FleetDevice::standing).orElse(null), live);
  }

  /** The live credential with this thumbprint, or without one the live credential that lasts longest. */
  @Nullable
  LiveCredential liveCredential(@Nullable Digest thumbprint, Instant time) {
    LiveCredential best = null;
    for (LiveCredential credential : credentials) {
      if (credential.liveAt(time)
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

package io.sallyport.enrollment;

import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credentials;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What a device may be given, by its profile and its state. */
@ApplicationScoped
class Allowances {
  private final Devices devices;
  private final DeviceProfiles profiles;
  private final CertificateProfiles certificateProfiles;
  private final Credentials credentials;
  private final Clock clock;

  Allowances(
      Devices devices,
      DeviceProfiles profiles,
      CertificateProfiles certificateProfiles,
      Credentials credentials,
      Clock clock) {
    this.devices = devices;
    this.profiles = profiles;
    this.certificateProfiles = certificateProfiles;
    this.credentials = credentials;
    this.clock = clock;
  }

  /** The label, when the device's profile allows it and it is one for devices; without a label the profile's first. */
  CertificateProfile certificateProfile(Device device, @Nullable String label) {
    DeviceProfile profile = profiles.lookUp(device.profile()).orElseThrow();
    String name = label == null ? profile.certificateProfiles().getFirst() : label;
    return certificateProfiles
        .forDevices(name)
        .filter(candidate -> profile.certificateProfiles().contains(candidate.name()))
        .orElseThrow(() -> new Refusal(
            EnrollmentProblem.CERTIFICATE_PROFILE_NOT_ALLOWED,
            "The device profile \"" + profile.name() + "\" does not allow certificate profile \""
                + name + "\"."));
  }

  /** What a renewal is of: without a label that of the current certificate, as long as the device's profile allows it. */
  CertificateProfile renewed(Device device, @Nullable String label, String current) {
    boolean same = label == null
        && certificateProfiles.forDevices(current).isPresent()
        && profiles.lookUp(device.profile()).orElseThrow().certificateProfiles().contains(current);
    return certificateProfile(device, same ? current : label);
  }

  /** The same for whoever brings a token: one that is for a certificate profile allows that one and no other. */
  CertificateProfile certificateProfile(
      Device device, @Nullable String label, @Nullable EnrollmentToken token) {
    String only = token == null ? null : token.coverage().certificateProfile();
    if (only == null) {
      return certificateProfile(device, label);
    }
    return certificateProfiles
        .forDevices(only)
        .filter(candidate -> label == null || label.equals(candidate.name()))
        .orElseThrow(() -> new Refusal(
            EnrollmentProblem.CERTIFICATE_PROFILE_NOT_ALLOWED,
            "The token is for certificate profile \"" + only + "\" and no other."));
  }

  /** For whoever has an account: a device that has a certificate renews it, any other enrolls. */
  void requireMayOrder(Device device) {
    boolean renews = !device.state().may(Operation.ENROLL) && hasCertificate(device);
    devices.require(device, renews ? Operation.RENEW : Operation.ENROLL);
  }

  private boolean hasCertificate(Device device) {
    Instant now = clock.instant();
    return credentials.of(CertificateSubject.device(device.id())).stream()
        .anyMatch(credential -> credential.liveAt(now));
  }
}

package io.sallyport.enrollment;

import io.sallyport.devices.Device;
import io.sallyport.devices.Recognition;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.enrollment.RegistrationAuthorities.RegistrationAuthority;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfile;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who a first request comes from.
 *
 * @param authentication digest of the IDevID certificate or of the token
 * @param manufacturerKey digest of the IDevID's public key, or null without one
 * @param token the token to be spent, or null without one
 * @param recognition on whose word the IDevID was taken, or null without one
 * @param registrationAuthority who proved the device by means of its own and asks for it, or null
 */
record Proven(
    Device device,
    Digest authentication,
    @Nullable Digest manufacturerKey,
    @Nullable EnrollmentToken token,
    @Nullable Recognition recognition,
    @Nullable RegistrationAuthority registrationAuthority)
    implements Contact {
  private static final String CERTIFICATE = "the manufacturer's certificate (IDevID)";
  private static final String TOKEN = "an enrollment token as HTTP Basic";

  /** Without a registration authority. */
  Proven(
      Device device,
      Digest authentication,
      @Nullable Digest manufacturerKey,
      @Nullable EnrollmentToken token,
      @Nullable Recognition recognition) {
    this(device, authentication, manufacturerKey, token, recognition, null);
  }

  /** In whose name it is asked. */
  Actor actor() {
    return registrationAuthority == null
        ? Actor.device(device.id())
        : Actor.registrationAuthority(registrationAuthority.name());
  }

  /** Refuses with {@code credentials-missing} what the profile asks for and the request did not bring. */
  void require(CertificateProfile profile) {
    if (registrationAuthority != null) {
      Set<String> allowed = registrationAuthority.profiles();
      if (!allowed.isEmpty() && !allowed.contains(profile.name())) {
        throw new Refusal(
            EnrollmentProblem.CERTIFICATE_PROFILE_NOT_ALLOWED,
            "Registration authority \"" + registrationAuthority.name()
                + "\" may not ask for certificate profile \"" + profile.name() + "\".");
      }
      return;
    }
    String missing = switch (profile.enrollment().authentication()) {
      case EITHER -> null;
      case CERTIFICATE -> manufacturerKey == null ? CERTIFICATE : null;
      case TOKEN -> token == null ? TOKEN : null;
      case BOTH -> manufacturerKey == null || token == null ? CERTIFICATE + " and " + TOKEN : null;
    };
    if (missing != null) {
      throw new Refusal(
          EnrollmentProblem.CREDENTIALS_MISSING,
          "Certificate profile \"" + profile.name() + "\" wants " + missing + ".");
    }
  }
}

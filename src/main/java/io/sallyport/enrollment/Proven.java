package io.sallyport.enrollment;

import io.sallyport.devices.Device;
import io.sallyport.devices.Recognition;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfile;
import org.jspecify.annotations.Nullable;

/**
 * Who a first request comes from.
 *
 * @param authentication digest of the IDevID certificate or of the token
 * @param manufacturerKey digest of the IDevID's public key, or null without one
 * @param token the token to be spent, or null without one
 * @param recognition on whose word the IDevID was taken, or null without one
 */
record Proven(
    Device device,
    Digest authentication,
    @Nullable Digest manufacturerKey,
    @Nullable EnrollmentToken token,
    @Nullable Recognition recognition)
    implements Contact {
  private static final String CERTIFICATE = "the manufacturer's certificate (IDevID)";
  private static final String TOKEN = "an enrollment token as HTTP Basic";

  /** Refuses with {@code credentials-missing} what the profile asks for and the request did not bring. */
  void require(CertificateProfile profile) {
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

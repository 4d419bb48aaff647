package io.sallyport.enrollment;

import io.sallyport.enrollment.Enrollments.Binding;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** That a request was made for the very connection that it came on (RFC 7030 §3.5, RFC 9266). */
final class ChannelBinding {
  private ChannelBinding() {}

  /** Refuses with {@code not-bound} a request whose key's holder is not at the other end, where the profile wants that. */
  static void require(CertificateProfile profile, CertificateRequest request, Binding binding) {
    if (!profile.enrollment().channelBinding()) {
      return;
    }
    String expected = binding.exporter();
    if (expected == null) {
      throw notBound("This connection has no tls-exporter channel binding; use TLS 1.3.");
    }
    String given = request.challengePassword();
    if (given == null
        || !MessageDigest.isEqual(
            given.getBytes(StandardCharsets.UTF_8), expected.getBytes(StandardCharsets.UTF_8))) {
      throw notBound("The request's challengePassword must be the base64 of this connection's"
          + " tls-exporter value (RFC 9266); tls-unique is not supported.");
    }
  }

  private static Refusal notBound(String detail) {
    return new Refusal(EnrollmentProblem.NOT_BOUND, detail);
  }
}

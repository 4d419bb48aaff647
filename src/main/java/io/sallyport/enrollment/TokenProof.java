package io.sallyport.enrollment;

import io.sallyport.devices.Devices;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.enrollment.Enrollments.Enrollment;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import org.jspecify.annotations.Nullable;

/** The device behind an enrollment token. */
@ApplicationScoped
class TokenProof {
  private final StoredTokens tokens;
  private final Devices devices;

  TokenProof(StoredTokens tokens, Devices devices) {
    this.tokens = tokens;
    this.devices = devices;
  }

  Proven prove(Enrollment enrollment) {
    EnrollmentToken token = token(enrollment);
    if (token == null) {
      throw new Refusal(
          EnrollmentProblem.UNKNOWN_CLIENT,
          "Authenticate with the manufacturer's certificate (IDevID) or with an enrollment token as HTTP Basic.");
    }
    return new Proven(
        devices.get(token.device()),
        StoredTokens.digest(String.valueOf(enrollment.token())),
        null,
        token.id());
  }

  /** The token that came with the request, or null; refuses a wrong one. */
  @Nullable EnrollmentToken token(Enrollment enrollment) {
    return enrollment.token() == null ? null : tokens.check(enrollment.token());
  }
}

package io.sallyport.door.est;

import io.sallyport.enrollment.EnrollmentProblem;
import io.sallyport.kernel.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** HTTP Basic (RFC 7617): the password is the token, the user name is not looked at. */
final class BasicCredentials {
  private static final String SCHEME = "basic ";

  private BasicCredentials() {}

  static @Nullable String password(@Nullable String authorization) {
    if (authorization == null) {
      return null;
    }
    if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      throw new Refusal(EnrollmentProblem.WRONG_TOKEN, "Send the enrollment token as HTTP Basic.");
    }
    String pair;
    try {
      pair = new String(
          Base64.getDecoder().decode(authorization.substring(SCHEME.length()).trim()),
          StandardCharsets.UTF_8);
    } catch (IllegalArgumentException notBase64) {
      throw new Refusal(EnrollmentProblem.WRONG_TOKEN, "The Authorization header cannot be read.");
    }
    int colon = pair.indexOf(':');
    if (colon < 0) {
      throw new Refusal(EnrollmentProblem.WRONG_TOKEN, "The Authorization header has no password.");
    }
    return pair.substring(colon + 1);
  }
}

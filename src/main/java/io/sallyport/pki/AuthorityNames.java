package io.sallyport.pki;

import io.sallyport.kernel.Refusal;
import java.util.regex.Pattern;

/** What an authority may be called; the name becomes part of addresses. */
final class AuthorityNames {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  private AuthorityNames() {}

  static boolean isOne(String name) {
    return NAME.matcher(name).matches();
  }

  /** Refuses with {@code invalid-authority}. */
  static void require(String name) {
    if (!isOne(name)) {
      throw new Refusal(
          PkiProblem.INVALID_AUTHORITY,
          "The name must begin with a letter and have at most 63 lower-case letters, digits and hyphens;"
              + " it becomes part of addresses.");
    }
  }
}

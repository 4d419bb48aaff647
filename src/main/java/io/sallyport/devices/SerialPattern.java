package io.sallyport.devices;

import io.sallyport.kernel.Refusal;
import java.util.regex.Pattern;

/**
 * Serial numbers as they are written down for several units: {@code #} stands for one digit, {@code *} for any run of
 * characters, everything else for itself. Neither sign may stand in a serial number.
 */
public record SerialPattern(String text) {
  /** As long as a serial number may be; with so few signs no pattern keeps anybody busy. */
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9 '()+,./:=?#*-]{1,64}");

  public SerialPattern {
    if (!FORM.matcher(text).matches()) {
      throw new Refusal(
          DeviceProblem.INVALID_PATTERN,
          "A pattern has 1 to 64 characters of a serial number, # for a digit and * for any run of characters.");
    }
  }

  /** Goes back to the last {@code *} only, so that the time grows with the product of both lengths at most. */
  public boolean matches(String serialNumber) {
    int at = 0;
    int star = -1;
    int resume = 0;
    int next = 0;
    while (next < serialNumber.length()) {
      if (at < text.length() && text.charAt(at) == '*') {
        star = at++;
        resume = next;
      } else if (at < text.length() && covers(text.charAt(at), serialNumber.charAt(next))) {
        at++;
        next++;
      } else if (star >= 0) {
        at = star + 1;
        next = ++resume;
      } else {
        return false;
      }
    }
    while (at < text.length() && text.charAt(at) == '*') {
      at++;
    }
    return at == text.length();
  }

  private static boolean covers(char sign, char actual) {
    return sign == '#' ? actual >= '0' && actual <= '9' : sign == actual;
  }

  @Override
  public String toString() {
    return text;
  }
}

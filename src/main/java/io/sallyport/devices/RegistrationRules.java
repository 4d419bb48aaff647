package io.sallyport.devices;

import io.sallyport.kernel.Refusal;
import java.util.Map;
import java.util.regex.Pattern;

/** What names, serial numbers and labels may look like. */
final class RegistrationRules {
  private static final int MOST_LABELS = 32;
  private static final int MOST_REASON = 500;
  private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} ._@+/:-]{0,63}");
  /** Printable ASCII: it becomes an X.520 serialNumber (PrintableString), 64 characters at most (RFC 5280, A.1). */
  private static final Pattern SERIAL = Pattern.compile("[A-Za-z0-9][A-Za-z0-9 '()+,./:=?-]{0,63}");

  private static final Pattern LABEL_NAME =
      Pattern.compile("[a-z0-9A-Z]([a-zA-Z0-9._/-]{0,62}[a-zA-Z0-9])?");
  private static final Pattern LABEL_VALUE = Pattern.compile("[a-zA-Z0-9._/@:-]{0,64}");

  private RegistrationRules() {}

  static void check(Devices.Registration registration) {
    name("model", registration.model());
    name("owner", registration.owner());
    name("site", registration.site());
    if (!SERIAL.matcher(registration.serialNumber()).matches()) {
      throw invalid(
          "serial_number must have 1 to 64 characters of A-Z a-z 0-9 and space ' ( ) + , - . / : = ?");
    }
    if (registration.name() != null) {
      called(registration.name());
    }
    labels(registration.labels());
  }

  /** A device's name: one that people give, or a serial number. */
  static void called(String name) {
    if (!SERIAL.matcher(name).matches()) {
      name("name", name);
    }
  }

  static void labels(Map<String, String> labels) {
    if (labels.size() > MOST_LABELS) {
      throw invalid("A device may have " + MOST_LABELS + " labels at most.");
    }
    labels.forEach((key, value) -> {
      if (!LABEL_NAME.matcher(key).matches() || !LABEL_VALUE.matcher(value).matches()) {
        throw invalid("Label names and values have at most 64 letters, digits and . _ / -");
      }
    });
  }

  /** A reason as it goes into the log: one line, bounded. */
  static String reason(String reason) {
    String line = reason.strip().replaceAll("\\p{Cntrl}", " ");
    return line.length() <= MOST_REASON ? line : line.substring(0, MOST_REASON);
  }

  static void name(String field, String value) {
    if (!NAME.matcher(value).matches()) {
      throw invalid(
          field
              + " must have 1 to 64 letters, digits, spaces or . _ @ + / : - and start with a letter or digit.");
    }
  }

  private static Refusal invalid(String detail) {
    return new Refusal(DeviceProblem.INVALID_DEVICE, detail);
  }
}

package io.sallyport.admin.api;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads the fields of a request; refuses with {@code malformed} and the field's name. */
final class Fields {
  /** Names, reasons and the like; what a field really may hold is for its owner to say. */
  private static final int LONGEST = 500;

  private Fields() {}

  static <T> T body(@Nullable T body) {
    if (body == null) {
      throw new Refusal(CommonProblem.MALFORMED, "The request has no body; send one JSON object.");
    }
    return body;
  }

  static <T> T required(String name, @Nullable T value) {
    if (value == null) {
      throw malformed(name, "is missing");
    }
    return value;
  }

  /** One line of text that is not blank. */
  static String text(String name, @Nullable String value) {
    String text = required(name, value);
    if (text.isBlank()) {
      throw malformed(name, "is empty");
    }
    return line(name, text);
  }

  static UUID uuid(String name, @Nullable String value) {
    String text = required(name, value);
    try {
      UUID id = UUID.fromString(text);
      if (id.toString().equalsIgnoreCase(text)) {
        return id;
      }
    } catch (IllegalArgumentException e) {
      // Told below.
    }
    throw malformed(name, "is not a UUID");
  }

  /** An ISO 8601 duration. */
  static Duration duration(String name, @Nullable String value, Duration otherwise) {
    if (value == null) {
      return otherwise;
    }
    try {
      return Duration.parse(value);
    } catch (DateTimeException e) {
      throw malformed(name, "is not an ISO 8601 duration such as PT24H");
    }
  }

  static Map<String, String> labels(String name, @Nullable Map<String, @Nullable String> value) {
    if (value == null) {
      return Map.of();
    }
    Map<String, String> labels = new java.util.HashMap<>();
    value.forEach((key, text) -> labels.put(key, required(name + "." + key, text)));
    return labels;
  }

  /** A whole number from {@code least} to {@code most}, from a query parameter. */
  static long number(String name, @Nullable String value, long otherwise, long least, long most) {
    if (value == null) {
      return otherwise;
    }
    try {
      long number = Long.parseLong(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw malformed(name, "is not a whole number from " + least + " to " + most);
  }

  static Refusal malformed(String name, String complaint) {
    return new Refusal(
        CommonProblem.MALFORMED, "The field \"" + shown(name) + "\" " + complaint + ".");
  }

  /** A name that came from outside, fit for a sentence. */
  static String shown(String name) {
    String clean = name.replaceAll("\\p{Cntrl}", "?");
    return clean.length() <= 64 ? clean : clean.substring(0, 64) + "…";
  }

  private static String line(String name, String text) {
    if (text.length() > LONGEST) {
      throw malformed(name, "has more than " + LONGEST + " characters");
    }
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw malformed(name, "contains a control character");
    }
    return text;
  }
}

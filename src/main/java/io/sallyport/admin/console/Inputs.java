package io.sallyport.admin.console;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads what people typed, and writes it into addresses. */
final class Inputs {
  /** Names, reasons and the like; what a field really may hold is for its owner to say. */
  private static final int LONGEST = 500;

  private Inputs() {}

  /** One line of text; refuses with {@code malformed} when it is blank, too long or holds a control character. */
  static String line(String name, @Nullable String value) {
    return find(name, value)
        .orElseThrow(() -> malformed("Fill in \"" + name + "\"; it must not be empty."));
  }

  /** The same, or empty when nothing was typed. */
  static Optional<String> find(String name, @Nullable String value) {
    if (value == null || value.isBlank()) {
      return Optional.empty();
    }
    String text = value.strip();
    if (text.length() > LONGEST) {
      throw malformed("\"" + name + "\" has more than " + LONGEST + " characters.");
    }
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw malformed("\"" + name + "\" contains a control character.");
    }
    return Optional.of(text);
  }

  static Optional<UUID> id(String text) {
    try {
      UUID id = UUID.fromString(text);
      return id.toString().equalsIgnoreCase(text) ? Optional.of(id) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** A whole number from {@code least} to {@code most}. */
  static long number(String name, String text, long least, long most) {
    try {
      long number = Long.parseLong(text);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw malformed("\"" + name + "\" must be a whole number from " + least + " to " + most + ".");
  }

  static Refusal malformed(String sentence) {
    return new Refusal(CommonProblem.MALFORMED, sentence);
  }

  /** Browsers send line breaks of forms as CR LF; documents have LF. */
  static String document(@Nullable String text) {
    return text == null ? "" : text.replace("\r\n", "\n");
  }

  /** {@code path} with those parameters that have a value. */
  static String address(String path, @Nullable String... namesAndValues) {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      String value = namesAndValues[i + 1];
      if (value != null && !value.isEmpty()) {
        parameters.put(String.valueOf(namesAndValues[i]), value);
      }
    }
    return parameters.isEmpty()
        ? path
        : path + "?"
            + parameters.entrySet().stream()
                .map(parameter -> parameter.getKey() + "=" + encoded(parameter.getValue()))
                .collect(Collectors.joining("&"));
  }

  static String encoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }
}

package io.sallyport.pki;

import io.sallyport.kernel.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text with variables of the device in it: {@code ${hardware.serialNumber}.cameras.plant.example}.
 *
 * @param text as the document gives it
 */
public record Template(String text) {
  /** What every device has, but {@code name}: the first host name that was proven, otherwise the serial number. */
  private static final Set<String> VARIABLES = Set.of(
      "name",
      "device.id",
      "device.owner",
      "device.site",
      "hardware.manufacturer",
      "hardware.model",
      "hardware.serialNumber");

  private static final String LABEL = "device.labels.";
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^{}$]{1,100})}");
  private static final int LONGEST = 512;

  public Template {
    if (text.isBlank() || text.length() > LONGEST) {
      throw invalid("A template has 1 to " + LONGEST + " characters.");
    }
    if (VARIABLE.matcher(text).replaceAll("").contains("${")) {
      throw invalid("\"" + text + "\" has a variable that is not closed.");
    }
    for (String variable : variables(text)) {
      if (!VARIABLES.contains(variable) && !variable.startsWith(LABEL)) {
        throw invalid("\"${" + variable + "}\" is no variable; there are "
            + String.join(", ", VARIABLES.stream().sorted().toList())
            + " and device.labels.NAME.");
      }
    }
  }

  private static List<String> variables(String text) {
    List<String> variables = new ArrayList<>();
    Matcher matcher = VARIABLE.matcher(text);
    while (matcher.find()) {
      variables.add(matcher.group(1));
    }
    return variables;
  }

  /** The text for one device; empty when a variable has no value. */
  public Optional<String> fill(Function<String, Optional<String>> values) {
    StringBuilder filled = new StringBuilder();
    Matcher matcher = VARIABLE.matcher(text);
    while (matcher.find()) {
      Optional<String> value = values.apply(matcher.group(1));
      if (value.isEmpty()) {
        return Optional.empty();
      }
      matcher.appendReplacement(filled, Matcher.quoteReplacement(value.get()));
    }
    return Optional.of(matcher.appendTail(filled).toString());
  }

  private static Refusal invalid(String detail) {
    return new Refusal(PkiProblem.INVALID_CERTIFICATE_PROFILE, detail);
  }
}

package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code admin pki}. */
@Command(name = "pki", description = "The authority as a whole.")
final class PkiCommands {
  private static final String GOOD = "good";

  private final Options options;

  PkiCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Looks at expiry, revocation lists, profiles, clock and keys, and says what to do. Exit 1: there is a fault.")
  int health(@Option(names = "--all", description = "what is good too") boolean all) {
    try (ApiClient api = options.api()) {
      JsonNode health = api.get("/pki/health");
      StringBuilder text = new StringBuilder();
      int good = 0;
      for (JsonNode finding : health.path("findings")) {
        String level = finding.path("level").asText();
        if (level.equals(GOOD)) {
          good++;
        }
        if (all || !level.equals(GOOD)) {
          text.append(level.toUpperCase(Locale.ROOT))
              .append("  ")
              .append(finding.path("check").asText())
              .append("  ")
              .append(finding.path("subject").asText())
              .append(": ")
              .append(finding.path("finding").asText())
              .append('\n');
          if (finding.path("advice").isTextual()) {
            text.append("    ").append(finding.path("advice").asText()).append('\n');
          }
        }
      }
      text.append(good).append(" of ").append(health.path("findings").size()).append(" are good.");
      options.output().result(health, text.toString());
      boolean fault = health.path("level").asText().equals("fault");
      return (fault ? ExitCode.REFUSED : ExitCode.OK).number();
    }
  }
}

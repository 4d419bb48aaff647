package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code admin keycloak}: the server does it, as the administrator that its settings name. */
@Command(name = "keycloak", description = "The realm that people come from.")
final class KeycloakCommands {
  private final Options options;

  KeycloakCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Makes the realm what the server needs: clients, roles, mappers, groups for sites. Idempotent.")
  void apply(
      @Option(names = "--dry-run", description = "say what would be done, and do nothing")
          boolean dryRun,
      @Option(
              names = "--console",
              paramLabel = "ORIGIN",
              description =
                  "where people open the console, such as https://sallyport.plant.example:9443; may be repeated")
          @Nullable
          List<String> consoles,
      @Option(
              names = "--site",
              paramLabel = "SITE",
              description = "gets a group; may be repeated (default: those of all devices)")
          @Nullable
          List<String> sites) {
    ObjectNode wanted = Json.object().put("dry_run", dryRun);
    set(wanted, "consoles", consoles);
    set(wanted, "sites", sites);
    try (ApiClient api = options.api()) {
      JsonNode applied = api.post("/keycloak/realm", wanted);
      List<String> changes = new ArrayList<>();
      applied.path("changes").forEach(change -> changes.add(change.asText()));
      options
          .output()
          .result(
              applied,
              changes.isEmpty() ? "The realm is as it should be." : String.join("\n", changes));
    }
  }

  private static void set(ObjectNode wanted, String field, @Nullable List<String> values) {
    if (values != null) {
      ArrayNode texts = wanted.putArray(field);
      values.forEach(texts::add);
    }
  }
}

package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin operator}. */
@Command(name = "operator", description = "People and automation that the server knows by itself.")
final class OperatorCommands {
  private final Options options;

  OperatorCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Registers an operator; its bearer token is told this once, alone on standard output.")
  void add(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--role",
              paramLabel = "ROLE",
              required = true,
              description = "such as fleet-operator; may be repeated")
          List<String> roles,
      @Option(
              names = "--site",
              paramLabel = "SITE",
              description = "the only sites that are seen; may be repeated")
          @Nullable
          List<String> sites,
      @Option(
              names = "--out",
              paramLabel = "FILE",
              description = "write the token there, for the owner alone, and not here")
          @Nullable
          Path out) {
    ObjectNode wanted = Json.object().put("name", name);
    wanted.set("roles", texts(roles));
    wanted.set("sites", texts(sites == null ? List.of() : sites));
    try (ApiClient api = options.api()) {
      told(api.post("/operators", wanted), "token", out);
    }
  }

  @Command(
      name = "renew-token",
      description = "Makes a new bearer token and withdraws the old one.")
  void renewToken(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--out",
              paramLabel = "FILE",
              description = "write the token there, for the owner alone, and not here")
          @Nullable
          Path out) {
    try (ApiClient api = options.api()) {
      told(
          api.post("/operators/" + ApiClient.encode(name) + "/token", Json.object()), "token", out);
    }
  }

  @Command(
      name = "console-link",
      description =
          "Makes a link with which an operator sets a password for the console, once; its path is told alone.")
  void consoleLink(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--out",
              paramLabel = "FILE",
              description = "write the path there, for the owner alone, and not here")
          @Nullable
          Path out) {
    try (ApiClient api = options.api()) {
      told(
          api.post("/operators/" + ApiClient.encode(name) + "/console-link", Json.object()),
          "path",
          out);
    }
  }

  @Command(description = "Lists the operators.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(api.list("/operators", Map.of(), limit), "name", "roles", "sites", "created_at");
    }
  }

  @Command(description = "Withdraws an operator with its token, password and sessions.")
  void remove(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      api.delete("/operators/" + ApiClient.encode(name));
      options.output().result(Json.object().put("name", name), "Operator " + name + " removed.");
    }
  }

  private void told(JsonNode made, String field, @Nullable Path out) {
    String secret = made.path(field).asText();
    if (out == null) {
      options.output().result(made, secret);
      return;
    }
    WholeFile.secret(out, secret + "\n");
    ObjectNode rest = made.deepCopy();
    rest.remove(field);
    options.output().result(rest, "Written to " + out + ".");
  }

  private static ArrayNode texts(List<String> values) {
    ArrayNode texts = Json.array();
    values.forEach(texts::add);
    return texts;
  }
}

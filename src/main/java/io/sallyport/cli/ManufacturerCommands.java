package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin manufacturer}. */
@Command(
    name = "manufacturer",
    description = "Manufacturers and the CAs that signed their devices' IDevIDs.")
final class ManufacturerCommands {
  private final Options options;

  ManufacturerCommands(Options options) {
    this.options = options;
  }

  static CommandLine with(Options options) {
    return new CommandLine(new ManufacturerCommands(options))
        .addSubcommand(new AnchorCommands(options));
  }

  @Command(description = "Registers a manufacturer with its trust anchors.")
  void add(
      @Parameters(paramLabel = "NAME", description = "its name, as in its devices' registrations")
          String name,
      @Option(
              names = "--anchor",
              paramLabel = "FILE",
              required = true,
              arity = "1..*",
              description = "CA certificates, PEM or DER")
          List<Path> anchors) {
    ArrayNode certificates = Json.array();
    anchors.forEach(
        file -> Pem.certificates(file).forEach(anchor -> certificates.add(Pem.of(anchor))));
    try (ApiClient api = options.api()) {
      JsonNode added =
          api.post("/manufacturers", Json.object().put("name", name).set("anchors", certificates));
      options
          .output()
          .result(
              added, "Manufacturer " + name + " registered, anchors: " + certificates.size() + ".");
    }
  }

  @Command(description = "Lists the manufacturers.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options.output().list(api.list("/manufacturers", Map.of(), limit), "name", "id");
    }
  }
}

package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin policy}. */
@Command(name = "policy", description = "Access policies.")
final class PolicyCommands {
  private final Options options;

  PolicyCommands(Options options) {
    this.options = options;
  }

  @Command(
      description = "Applies every AccessPolicy document of a file; the server checks each first.")
  void apply(
      @Option(names = "-f", paramLabel = "FILE", required = true, description = "YAML") Path file) {
    Documents.apply(options, file, "AccessPolicy", "/policies/");
  }

  @Command(description = "Lists the policies.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options.output().list(api.list("/policies", Map.of(), limit), "name");
    }
  }

  @Command(description = "Removes a policy.")
  void remove(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      api.delete("/policies/" + ApiClient.encode(name));
      options.output().result(Json.object().put("removed", name), "Policy " + name + " removed.");
    }
  }

  @Command(description = "Says what would be decided now, and why.")
  void explain(
      @Option(
              names = "--device",
              paramLabel = "ID",
              required = true,
              description = "the device's UUID")
          UUID device,
      @Option(names = "--peer", required = true, description = "name or address") String peer,
      @Option(names = "--protocol", defaultValue = "tcp", description = "default: ${DEFAULT-VALUE}")
          String protocol,
      @Option(names = "--port", required = true) int port) {
    try (ApiClient api = options.api()) {
      JsonNode answer = api.post(
          "/policies/explain",
          Json.object()
              .put("device", device.toString())
              .put("peer", peer)
              .put("protocol", protocol)
              .put("port", port));
      options.output().show(answer);
    }
  }
}

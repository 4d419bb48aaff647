package io.sallyport.cli;

import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin profile}. */
@Command(
    name = "profile",
    description = "Device profiles: certificate profiles, reference values, policies.")
final class ProfileCommands {
  private final Options options;

  ProfileCommands(Options options) {
    this.options = options;
  }

  @Command(
      description = "Applies every DeviceProfile document of a file; the server checks each first.")
  void apply(
      @Option(names = "-f", paramLabel = "FILE", required = true, description = "YAML") Path file) {
    Documents.apply(options, file, "/profiles/", "DeviceProfile");
  }

  @Command(description = "Lists the profiles.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options.output().list(api.list("/profiles", Map.of(), limit), "name");
    }
  }

  @Command(description = "Shows a profile.")
  void show(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      options.output().show(api.get("/profiles/" + ApiClient.encode(name)));
    }
  }
}

package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin station}. */
@Command(
    name = "station",
    description = "Workplaces of manufacturing lines and their certificates.")
final class StationCommands {
  private static final String PATH = "/stations";

  private final Options options;

  StationCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Registers a station: its key is made here and stays here, its certificate comes back.")
  void add(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--dir",
              paramLabel = "DIR",
              required = true,
              description = "for key.pem, cert.pem, chain.pem")
          Path dir,
      @Option(names = "--site", required = true) String site,
      @Option(names = "--line", required = true, description = "the line that it is part of")
          String line,
      @Option(
              names = "--batch",
              paramLabel = "ID",
              description = "the only batch that it may work on; else all of its line")
          @Nullable
          UUID batch) {
    try (ApiClient api = options.api()) {
      ObjectNode wanted = Json.object().put("name", name).put("site", site).put("line", line);
      if (batch != null) {
        wanted.put("batch", batch.toString());
      }
      JsonNode added =
          CertifiedKey.register(api, PATH, wanted, new DeviceFolder(dir), options.roots(null));
      options
          .output()
          .result(added, "Station " + name + " registered; key and certificate in " + dir + ".");
    }
  }

  @Command(description = "Lists the stations.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(api.list(PATH, Map.of(), limit), "name", "site", "line", "batch", "created_at");
    }
  }

  @Command(description = "Withdraws a station and revokes its certificate.")
  void remove(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      api.delete(PATH + "/" + ApiClient.encode(name));
      options.output().result(Json.object().put("removed", name), "Station " + name + " removed.");
    }
  }
}

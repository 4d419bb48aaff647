package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin enforcement-point}. */
@Command(
    name = "enforcement-point",
    description = "Firewalls, gateways and brokers that ask for decisions.")
final class EnforcementPointCommands {
  private final Options options;

  EnforcementPointCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Registers a point: its key is made here and stays here, its certificate comes back.")
  void add(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--dir",
              paramLabel = "DIR",
              required = true,
              description = "for key.pem, cert.pem, chain.pem")
          Path dir,
      @Option(
              names = "--kind",
              paramLabel = "KIND",
              defaultValue = "authzen",
              description =
                  "authzen, gateway, radius, nftables, list or signals (default: ${DEFAULT-VALUE})")
          String kind,
      @Option(
              names = "--settings",
              paramLabel = "FILE",
              description =
                  "what it guards, as JSON: sites, peers, hosts, worst_case_delay, parameters")
          @Nullable
          Path settings) {
    try (ApiClient api = options.api()) {
      ObjectNode wanted = Json.object().put("name", name).put("kind", kind);
      if (settings != null) {
        wanted.set("settings", read(settings));
      }
      JsonNode added = add(api, wanted, new DeviceFolder(dir), options.roots(null));
      options
          .output()
          .result(
              added,
              "Enforcement point " + name + " registered; key and certificate in " + dir + ".");
    }
  }

  private static JsonNode read(Path settings) {
    try {
      return Json.read(Pem.octets(settings));
    } catch (IOException e) {
      throw Failure.usage(settings + " is not JSON.");
    }
  }

  /** Registers an asking point with the key of {@code folder} and keeps there what came back. */
  static JsonNode add(
      ApiClient api, String name, DeviceFolder folder, List<X509Certificate> roots) {
    return add(api, Json.object().put("name", name).put("kind", "authzen"), folder, roots);
  }

  /** The same for a point of any kind. */
  static JsonNode add(
      ApiClient api, ObjectNode wanted, DeviceFolder folder, List<X509Certificate> roots) {
    return CertifiedKey.register(api, "/enforcement-points", wanted, folder, roots);
  }

  @Command(description = "Lists the enforcement points.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list("/enforcement-points", Map.of(), limit), "name", "kind", "id", "created_at");
    }
  }

  @Command(description = "Withdraws a point and revokes its certificate.")
  void remove(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      api.delete("/enforcement-points/" + ApiClient.encode(name));
      options
          .output()
          .result(Json.object().put("removed", name), "Enforcement point " + name + " removed.");
    }
  }
}

package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin registration-authority}. */
@Command(
    name = "registration-authority",
    description = "Registration authorities, which ask for certificates in the names of devices.")
final class RegistrationAuthorityCommands {
  private static final String PATH = "/registration-authorities";

  private final Options options;

  RegistrationAuthorityCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Registers one: its key is made here and stays here, its certificate comes back.")
  void add(
      @Parameters(paramLabel = "NAME") String name,
      @Option(
              names = "--dir",
              paramLabel = "DIR",
              required = true,
              description = "for key.pem, cert.pem, chain.pem")
          Path dir,
      @Option(names = "--manufacturer", required = true, description = "whose devices it asks for")
          String manufacturer,
      @Option(
              names = "--certificate-profile",
              paramLabel = "NAME",
              description = "repeatable; without it every one that a device may have")
          @Nullable
          List<String> profiles) {
    try (ApiClient api = options.api()) {
      ObjectNode wanted = Json.object().put("name", name).put("manufacturer", manufacturer);
      if (profiles != null) {
        profiles.forEach(wanted.putArray("certificate_profiles")::add);
      }
      JsonNode added =
          CertifiedKey.register(api, PATH, wanted, new DeviceFolder(dir), options.roots(null));
      options
          .output()
          .result(
              added,
              "Registration authority " + name + " registered; key and certificate in " + dir
                  + ".");
    }
  }

  @Command(description = "Lists the registration authorities.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list(PATH, Map.of(), limit),
              "name",
              "manufacturer",
              "certificate_profiles",
              "created_at");
    }
  }

  @Command(description = "Withdraws one and revokes its certificates.")
  void remove(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      api.delete(PATH + "/" + ApiClient.encode(name));
      options
          .output()
          .result(
              Json.object().put("removed", name), "Registration authority " + name + " removed.");
    }
  }
}

package io.sallyport.cli;

import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin certificate-profile}. */
@Command(
    name = "certificate-profile",
    description = "Certificate profiles: what the certificates of devices say.")
final class CertificateProfileCommands {
  private static final String PATH = "/certificate-profiles/";

  private final Options options;

  CertificateProfileCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Applies every CertificateProfile document of a file; the server checks each first.")
  void apply(
      @Option(names = "-f", paramLabel = "FILE", required = true, description = "YAML") Path file) {
    Documents.apply(options, file, PATH, "CertificateProfile");
  }

  @Command(description = "Lists the certificate profiles, the ready ones too.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list("/certificate-profiles", Map.of(), limit),
              "name",
              "issuer",
              "validity",
              "origin");
    }
  }

  @Command(description = "Shows a certificate profile, its document too.")
  void show(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      options.output().show(api.get(PATH + ApiClient.encode(name)));
    }
  }

  @Command(
      description =
          "Forgets an applied certificate profile; a ready one of that name counts again.")
  void remove(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      api.delete(PATH + ApiClient.encode(name));
      options.output().say("Certificate profile " + name + " removed.");
    }
  }
}

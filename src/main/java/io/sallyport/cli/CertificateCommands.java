package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin certificate}. */
@Command(name = "certificate", description = "Certificates that were issued.")
final class CertificateCommands {
  private final Options options;

  CertificateCommands(Options options) {
    this.options = options;
  }

  @Command(description = "Lists certificates.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list("/certificates", Map.of(), limit),
              "authority",
              "serial",
              "status",
              "subject",
              "not_before",
              "not_after");
    }
  }

  @Command(description = "Shows a certificate.")
  void show(
      @Parameters(paramLabel = "AUTHORITY", description = "devices, internal or root")
          String authority,
      @Parameters(paramLabel = "SERIAL", description = "hexadecimal") String serial) {
    try (ApiClient api = options.api()) {
      options.output().show(api.get(path(authority, serial)));
    }
  }

  @Command(description = "Revokes a certificate, for good unless the reason is certificate-hold.")
  void revoke(
      @Parameters(paramLabel = "AUTHORITY", description = "devices, internal or root")
          String authority,
      @Parameters(paramLabel = "SERIAL", description = "hexadecimal") String serial,
      @Option(
              names = "--reason",
              defaultValue = "unspecified",
              description =
                  "RFC 5280 §5.3.1, for instance key-compromise or certificate-hold (default: ${DEFAULT-VALUE})")
          String reason) {
    try (ApiClient api = options.api()) {
      JsonNode revoked =
          api.post(path(authority, serial) + "/revoke", Json.object().put("reason", reason));
      options
          .output()
          .result(
              revoked,
              "Certificate " + serial + " of " + authority + " is "
                  + revoked.path("status").asText() + ".");
    }
  }

  @Command(description = "Gives a certificate back that was put on hold.")
  void release(
      @Parameters(paramLabel = "AUTHORITY", description = "devices, internal or root")
          String authority,
      @Parameters(paramLabel = "SERIAL", description = "hexadecimal") String serial) {
    try (ApiClient api = options.api()) {
      JsonNode released = api.post(path(authority, serial) + "/release", Json.object());
      options
          .output()
          .result(
              released,
              "Certificate " + serial + " of " + authority + " is "
                  + released.path("status").asText() + ".");
    }
  }

  private static String path(String authority, String serial) {
    return "/certificates/" + ApiClient.encode(authority) + "/" + ApiClient.encode(serial);
  }
}

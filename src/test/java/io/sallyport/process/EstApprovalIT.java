package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client of EST that comes back by itself until somebody has approved. The server lets it wait for a minute; the tests of
 * the other process go on meanwhile.
 */
class EstApprovalIT {
  private static final String PROFILE = "polls";

  @TempDir
  static Path folder;

  /** {@code pki --est} polls when the server told it to. */
  @Test
  void strongswanPollsUntilItIsApproved() throws Exception {
    Peers.need("pki", "openssl", "curl");
    try (ServerProcess server = ServerProcess.start(folder.resolve("data"), Map.of())) {
      Wire wire = server.wire();
      String device = held(wire);
      Files.writeString(folder.resolve("root.pem"), TestPki.pem(wire.root()));
      sh("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout own.key"
          + " -subj /CN=POLL-1 -out request.pem 2>/dev/null");
      sh("curl -sSf --cacert root.pem " + wire.devices() + "/.well-known/est/cacerts"
          + " | openssl base64 -d -A | openssl pkcs7 -inform der -print_certs -out all.pem;"
          + " awk '/BEGIN/{n++} n{print > \"ca-\" n \".pem\"}' all.pem");

      Process process = poll(wire, device);
      try {
        JsonNode request = Patience.until("the request waits", () -> waiting(wire, device));
        assertTrue(process.isAlive(), () -> text("said"));
        wire.admin(
            "POST",
            "/api/v1/enrollment-requests/" + request.get("id").asText() + "/approve",
            Map.of());
        assertTrue(process.waitFor(5, TimeUnit.MINUTES), "it comes back");
        assertEquals(0, process.exitValue(), () -> text("said"));
      } finally {
        process.destroyForcibly();
      }
      assertEquals(
          sh("openssl x509 -in issued.pem -noout -pubkey"), sh("openssl pkey -in own.key -pubout"));
    }
  }

  /** A device whose first certificate is approved, for a client that names no label. */
  private static String held(Wire wire) {
    Manufacturer maker = TestPki.manufacturer("Polls");
    wire.register(maker);
    wire.document("/api/v1/certificate-profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          keys: [ec-p256]
          subject: [{serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
          enrollment: {approval: manual}
        """.formatted(PROFILE));
    wire.document("/api/v1/profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec: {certificateProfiles: [%s]}
        """.formatted(PROFILE, PROFILE));
    return wire.register(maker, "POLL-1", PROFILE);
  }

  private static Process poll(Wire wire, String device) throws IOException {
    String token = wire.admin("POST", "/api/v1/enrollment-tokens", Map.of("device", device))
        .get("token")
        .asText();
    List<String> command =
        new ArrayList<>(List.of("pki", "--est", "--url", wire.devices(), "--in", "request.pem"));
    command.addAll(List.of("--userpass", "device:" + token, "--interval", "1"));
    command.addAll(List.of("--outform", "pem", "--cacert", "root.pem"));
    for (File one : folder.toFile().listFiles((in, name) -> name.matches("ca-[0-9]+\\.pem"))) {
      command.addAll(List.of("--cacert", one.getName()));
    }
    return new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectOutput(folder.resolve("issued.pem").toFile())
        .redirectError(folder.resolve("said").toFile())
        .start();
  }

  /** The one request of a device that waits. */
  private static Optional<JsonNode> waiting(Wire wire, String device) {
    List<JsonNode> waiting = new ArrayList<>();
    wire.admin("GET", "/api/v1/enrollment-requests?limit=1000&state=pending", null)
        .get("items")
        .forEach(waiting::add);
    return waiting.size() == 1
        ? Optional.of(waiting.getFirst())
            .filter(request -> request.get("device").asText().equals(device))
        : Optional.empty();
  }

  private static String text(String name) {
    try {
      return Files.readString(folder.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String sh(String script) {
    return Peers.run(folder, "sh", "-c", "set -e; " + script).orFail();
  }
}

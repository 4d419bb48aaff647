package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code admin batch} and {@code admin enrollment-request} against a server, as an operator of a line uses them. */
@QuarkusTest
@Timeout(120)
class BatchCommandsTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("BatchCommands");
  private static final String PROFILE = "batch-commands";
  private static final Pattern ID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static boolean filled;

  @TempDir
  private Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void logIn() throws IOException {
    if (!filled) {
      filled = true;
      wire.register(MAKER);
      wire.document("/api/v1/certificate-profiles/" + PROFILE, """
          apiVersion: sallyport.io/v1
          kind: CertificateProfile
          metadata: {name: %s}
          spec:
            subject: [{serialNumber: "${hardware.serialNumber}"}]
            extendedKeyUsages: [clientAuth]
            enrollment: {approval: manual}
          """.formatted(PROFILE));
      wire.document("/api/v1/profiles/" + PROFILE, """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: %s}
          spec: {certificateProfiles: [device, %s]}
          """.formatted(PROFILE, PROFILE));
    }
    Files.writeString(
        folder.resolve("server.json"),
        "{\"people\":\"" + wire.people() + "\",\"devices\":\"" + wire.devices() + "\"}");
    Files.writeString(folder.resolve("root.pem"), Pem.of(wire.root()));
    Files.writeString(
        folder.resolve("admin.token"),
        wire.admin(
                "POST",
                "/api/v1/operators",
                Map.of(
                    "name", "line-" + folder.getFileName(),
                    "roles", List.of("fleet-operator"),
                    "sites", List.of()))
            .get("token")
            .asText());
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--data";
    all[arguments.length + 1] = folder.toString();
    return Sallyport.run(all, new PrintWriter(out, true), new PrintWriter(err, true), Map.of());
  }

  private void must(int code, String... arguments) {
    assertEquals(code, run(arguments), () -> out + "\n" + err);
  }

  private String order(String name, int ordered) {
    must(
        0,
        "admin",
        "batch",
        "create",
        name,
        "--manufacturer",
        MAKER.name(),
        "--model",
        "M1",
        "--profile",
        PROFILE,
        "--owner",
        "line",
        "--site",
        "plant",
        "--serial-pattern",
        "K-*",
        "--ordered",
        Integer.toString(ordered));
    Matcher id = ID.matcher(out.toString());
    assertTrue(id.find(), out.toString());
    return id.group();
  }

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void aFileIsCheckedThenImportedThenImportedAgain() throws Exception {
    String id = order("cli-import", 3);
    Path file = file("devices.csv", "serial_number\nK-1\nK-2\nL-3\n");
    Path report = folder.resolve("report");

    must(1, "admin", "batch", "import", id, file.toString(), "--check", "--report", "" + report);
    assertTrue(out.toString().contains("2 new, 0 exists, 1 refused."), out.toString());
    assertEquals(3, Files.readAllLines(report).size());
    must(0, "admin", "batch", "show", id, "--json");
    assertEquals(0, JSON.readTree(out.toString()).get("registered").asInt());

    must(1, "admin", "batch", "import", id, file.toString());
    assertTrue(out.toString().contains("2 registered, 0 exists, 1 refused."), out.toString());
    must(0, "admin", "batch", "import", id, "" + file("good.csv", "serial_number\nK-1\nK-2\n"));
    assertTrue(out.toString().contains("0 registered, 2 exists, 0 refused."), out.toString());

    must(1, "admin", "batch", "import", id, "" + file("half.csv", "serial_number\nK-4"));
    assertTrue(err.toString().contains("is the file whole?"), err.toString());
    must(2, "admin", "batch", "import", id, folder.resolve("none.csv").toString());
    assertTrue(err.toString().contains("no file"), err.toString());
    must(0, "admin", "batch", "list");
    assertTrue(out.toString().contains("cli-import"), out.toString());
    must(1, "admin", "batch", "show", "00000000-0000-0000-0000-000000000001");
  }

  @Test
  void anIssueGoesOnWhereItWasCutAndTheBatchIsClosedHonestly() throws Exception {
    String id = order("cli-issue", 3);
    KeyPair one = TestPki.key();
    String both = LineClient.row("K-11", one) + "\n" + LineClient.row("K-12", TestPki.key()) + "\n";
    Path answers = folder.resolve("answers");

    must(0, "admin", "batch", "issue", id, file("requests", both).toString(), answers.toString());
    assertTrue(out.toString().contains("2 issued, 0 again, 0 refused."), out.toString());
    // In one stream either of the two could have the key.
    Path requests = file("requests", both + "\n" + LineClient.row("K-13", one) + "\n");
    must(1, "admin", "batch", "issue", id, requests.toString(), answers.toString());
    assertTrue(out.toString().contains("1 refused."), out.toString());
    must(0, "admin", "batch", "refusals", id);
    assertTrue(out.toString().contains("duplicate-key"), out.toString());

    // The answers were cut within their second line; what they lack comes again.
    List<String> lines = Files.readAllLines(answers);
    Files.writeString(answers, lines.get(0) + "\n" + lines.get(1).substring(0, 100));
    must(1, "admin", "batch", "issue", id, requests.toString(), answers.toString());
    assertEquals(2, BatchFiles.issued(answers).size());
    must(0, "admin", "batch", "show", id);
    assertTrue(out.toString().contains("issued"), out.toString());

    must(0, "admin", "batch", "reopen", id, "K-12", "--reason", "soldered anew");
    assertTrue(out.toString().contains("Row K-12 is registered."), out.toString());
    must(0, "admin", "batch", "give-up", id, "K-13", "--reason", "scrapped");
    assertTrue(out.toString().contains("Row K-13 is given-up."), out.toString());
    must(1, "admin", "batch", "reopen", id, "K-14", "--reason", "soldered anew");

    Path manifest = folder.resolve("manifest");
    must(0, "admin", "batch", "close", id, "--manifest", manifest.toString());
    assertTrue(out.toString().contains(Digest.of(Files.readAllBytes(manifest)).hex()));
    assertTrue(Files.size(folder.resolve("manifest.p7s")) > 500);
    assertEquals(4, Files.readAllLines(manifest).size());
    must(0, "admin", "batch", "show", id, "--follow");
    assertTrue(out.toString().contains("closed with 1 of 3"), out.toString());
    must(0, "admin", "batch", "show", id, "--follow", "--json");
    assertEquals("closed", JSON.readTree(out.toString()).get("state").asText());
    must(1, "admin", "batch", "issue", id, requests.toString(), answers.toString());
    assertTrue(err.toString().contains("takes nothing more"), err.toString());
  }

  @Test
  void answersThatWereCutAtAnyByteHaveWhatCameWhole() throws Exception {
    String whole = "{\"row\":\"a\",\"status\":\"issued\"}\n{\"row\":\"b\",\"status\":\"refused\"}\n"
        + "{\"row\":\"c\",\"status\":\"issued\"}\n";
    for (int length = 0; length <= whole.length(); length++) {
      Path answers = file("cut", whole.substring(0, length));

      BatchFiles.append(answers).close();

      String text = Files.readString(answers);
      assertTrue(text.isEmpty() || text.endsWith("\n"), text);
      int complete = (int) whole
          .substring(0, length)
          .lines()
          .filter(l -> l.endsWith("issued\"}"))
          .count();
      assertEquals(complete, BatchFiles.issued(answers).size(), text);
    }
  }

  @Test
  void requestsThatWaitAreApprovedAndRejected() {
    String approved = waiting("K-21");
    String rejected = waiting("K-22");

    must(0, "admin", "enrollment-request", "list");
    assertTrue(out.toString().contains(approved), out.toString());
    assertTrue(out.toString().contains(rejected), out.toString());
    must(0, "admin", "enrollment-request", "approve", approved);
    assertTrue(out.toString().contains("approved"), out.toString());
    must(0, "admin", "enrollment-request", "reject", rejected, "--reason", "not ours");
    assertTrue(out.toString().contains("rejected"), out.toString());
    must(0, "admin", "enrollment-request", "list", "--state", "rejected");
    assertTrue(out.toString().contains(rejected), out.toString());
    must(2, "admin", "enrollment-request", "reject", rejected);
    must(1, "admin", "enrollment-request", "approve", "00000000-0000-0000-0000-000000000001");
  }

  /** The id of a request that waits for a device of its own. */
  private String waiting(String serial) {
    String device = wire.register(MAKER, serial, PROFILE);
    HttpResponse<byte[]> asked = wire.est(
        PROFILE + "/simpleenroll",
        MAKER.idevid(serial),
        null,
        TestPki.request(TestPki.key(), "serialNumber=" + serial, null));
    assertEquals(202, asked.statusCode());
    for (JsonNode one :
        wire.admin("GET", "/api/v1/enrollment-requests?limit=1000", null).get("items")) {
      if (one.path("device").asText().equals(device)) {
        return one.get("id").asText();
      }
    }
    throw new AssertionError("no request of " + device);
  }
}

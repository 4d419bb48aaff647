package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import io.sallyport.kernel.Der;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest {
  private static final String PROBLEM = "application/problem+json";
  private static final String DEVICE = "01a2045c-c8e7-7455-8183-8def062487a9";

  @TempDir
  Path data;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final List<String> requests = new ArrayList<>();
  private HttpServer server;
  private int status = 200;
  private String type = "application/json";
  private String body = "{}";

  @BeforeEach
  void startServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", exchange -> {
      String sent = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + sent);
      exchange.getResponseHeaders().set("Content-Type", type);
      if (status == 503) {
        exchange.getResponseHeaders().set("Retry-After", "7");
      }
      byte[] octets = body.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, octets.length);
      exchange.getResponseBody().write(octets);
      exchange.close();
    });
    server.start();
    String base = "http://localhost:" + server.getAddress().getPort();
    Files.writeString(
        data.resolve("server.json"), "{\"people\":\"" + base + "\",\"devices\":\"" + base + "\"}");
    Files.writeString(data.resolve("admin.token"), "secret\n");
    Files.writeString(
        data.resolve("root.pem"),
        Pem.of(new ManufacturingLine("Optica", Clock.systemUTC()).anchor()));
  }

  @AfterEach
  void stopServer() {
    server.stop(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "admin manufacturer add",
        "admin manufacturer list",
        "admin manufacturer anchor add",
        "admin manufacturer anchor change",
        "admin manufacturer anchor distrust",
        "admin manufacturer anchor admissions",
        "admin manufacturer anchor revocation-list",
        "admin manufacturer anchor sources",
        "admin first-contact list",
        "admin first-contact approve",
        "admin first-contact reject",
        "admin first-contact policy",
        "admin first-contact set-policy",
        "admin first-contact allow",
        "admin ownership release",
        "admin ownership keep",
        "admin ownership claim",
        "admin ownership history",
        "admin registration-authority add",
        "admin station add",
        "admin voucher issue",
        "admin voucher check",
        "admin profile apply",
        "admin profile list",
        "admin device register",
        "admin device list",
        "admin device show",
        "admin device quarantine",
        "admin device release",
        "admin device suspend",
        "admin device decommission",
        "admin token create",
        "admin policy apply",
        "admin policy history",
        "admin policy plan",
        "admin policy rollback",
        "admin policy list",
        "admin policy explain",
        "admin enforcement-point add",
        "admin enforcement-point list",
        "admin enforcement-point remove",
        "admin certificate list",
        "admin certificate show",
        "admin certificate revoke",
        "device enroll",
        "device renew",
        "device attest",
        "device grant",
        "audit verify",
        "audit checkpoint",
        "audit export",
        "audit key",
        "demo",
        "bench",
        "admin",
        "device",
        "audit"
      })
  void everyCommandExplainsItself(String command) {
    assertEquals(0, run((command + " --help").split(" ")));
    assertTrue(out.toString().startsWith("Usage: sallyport " + command), out.toString());
    assertTrue(out.toString().contains("--data=DIR"), out.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "admin",
        "admin device",
        "admin device register --model x",
        "device enroll",
        "device enroll --dir DIR",
        "device enroll --dir DIR --idevid-cert x",
        "device grant --dir DIR --flow x/tcp/99999",
        "admin device register --manufacturer m --model o --serial s --profile p --site t",
        "admin device register --manufacturer m --model o --serial s --profile p --owner w",
        "admin device show 1-1-1-1-1",
        "admin policy list --server localhost",
        "bench nonsense"
      })
  void aWrongCommandLineExitsWithTwoAndOneSentence(String command) {
    assertEquals(
        2, run(command.replace("DIR", data.resolve("device").toString()).split(" ")));
    assertFalse(err.toString().isBlank());
    assertFalse(err.toString().contains("\tat "), err.toString());
    assertEquals(List.of(), requests);
  }

  @Test
  void aRefusalIsToldInTheServersWords() {
    answer(
        409,
        PROBLEM,
        "{\"type\":\"urn:sallyport:problem:retired\",\"title\":\"T\",\"detail\":\"It is retired.\"}");
    assertEquals(1, run("admin", "device", "release", DEVICE, "--reason", "ok"));
    assertEquals("It is retired.\n", err.toString());
    assertTrue(requests
        .getFirst()
        .startsWith("POST /api/v1/devices/" + DEVICE + "/release {\"reason\":\"ok\"}"));
  }

  @Test
  void controlCharactersOfAServerDoNotReachTheTerminal() {
    answer(400, PROBLEM, "{\"detail\":\"\\u001b[31mred\"}");
    assertEquals(1, run("admin", "device", "show", DEVICE));
    assertEquals("?[31mred.\n", err.toString());
  }

  @Test
  void anUnavailableServerExitsWithFourAndTellsWhenToComeBack() {
    answer(503, PROBLEM, "{\"detail\":\"The database is away.\"}");
    assertEquals(4, run("admin", "policy", "list"));
    assertEquals("The database is away. Try again in 7 s.\n", err.toString());
  }

  @Test
  void aWrongTokenIsARefusal() {
    answer(401, PROBLEM, "{\"detail\":\"The token is not known.\"}");
    assertEquals(1, run("admin", "policy", "list"));
    assertEquals("The token is not known.\n", err.toString());
  }

  @Test
  void aServerThatIsNotThereExitsWithThree() {
    server.stop(0);
    assertEquals(3, run("admin", "device", "list"));
    assertTrue(err.toString().startsWith("No server answers at http://localhost:"), err.toString());
  }

  @Test
  void aFolderWithoutServerExitsWithThree() {
    assertEquals(
        3, execute("admin", "device", "list", "--data", data.resolve("none").toString()));
    assertTrue(err.toString().contains("No server has run in"), err.toString());
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      admin token create --device 01a2045c-c8e7-7455-8183-8def062487a9 --lifetime 5m | an ISO 8601 duration such as PT5M, not '5m'.
      admin token create --device d1 | ID must be a UUID such as 01a2045c-c8e7-7455-8183-8def062487a9, not 'd1'.
      admin device show d1 | ID must be a UUID such as 01a2045c-c8e7-7455-8183-8def062487a9, not 'd1'.
      admin device list --limit many | must be a whole number such as 100, not 'many'.
      audit list --after soon | must be a whole number such as 100, not 'soon'.
      admin device list --server localhost:1 | must be a URL such as https://localhost:9443, not 'localhost:1'.
      """)
  void aWrongValueIsToldByWhatWasExpected(String command, String expected) {
    assertEquals(2, run(command.split(" ")));
    String first = err.toString().lines().findFirst().orElseThrow();
    assertTrue(first.endsWith(expected), first);
    assertFalse(err.toString().contains("java."), err.toString());
    assertEquals(List.of(), requests);
  }

  @Test
  void inJsonARefusalIsTheServersProblem() throws IOException {
    answer(
        409,
        PROBLEM,
        "{\"type\":\"urn:sallyport:problem:retired\",\"title\":\"T\",\"detail\":\"It is retired.\",\"more\":1}");
    assertEquals(1, run("admin", "device", "show", DEVICE, "--json"));
    assertEquals(Json.read(body.getBytes(StandardCharsets.UTF_8)), told());
  }

  @Test
  void inJsonAnUnavailableServersProblemTellsWhenToComeBack() throws IOException {
    answer(503, PROBLEM, "{\"detail\":\"The database is away.\"}");
    assertEquals(4, run("admin", "policy", "list", "--json"));
    assertEquals("7", told().path("retry_after").asText());
  }

  @Test
  void inJsonAnAnswerThatIsNoProblemBecomesOne() throws IOException {
    answer(502, "text/plain", "bad gateway");
    assertEquals(1, run("admin", "policy", "list", "--json"));
    JsonNode problem = told();
    assertEquals("about:blank", problem.path("type").asText());
    assertEquals(502, problem.path("status").asInt());
    assertEquals("bad gateway.", problem.path("detail").asText());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "admin --json",
        "admin device show --json",
        "admin device show d1 --json",
        "device grant --dir DIR --flow x/tcp/99999 --json",
        "device enroll --dir DIR --json",
        "nonsense --json"
      })
  void inJsonAWrongCommandLineIsAProblem(String command) throws IOException {
    assertEquals(2, run(command.replace("DIR", data.resolve("d").toString()).split(" ")));
    JsonNode problem = told();
    assertEquals("urn:sallyport:client:usage", problem.path("type").asText());
    assertFalse(problem.path("detail").asText().isBlank());
  }

  @Test
  void inJsonAServerThatIsNotThereIsAProblem() throws IOException {
    server.stop(0);
    assertEquals(3, run("admin", "device", "list", "--json"));
    assertEquals("urn:sallyport:client:unreachable", told().path("type").asText());
  }

  @Test
  void theFileOfFiguresOfBenchAsksForNoProblems() {
    assertEquals(2, run("bench", "nonsense", "--json", data.resolve("f").toString()));
    assertEquals("", out.toString());
    assertEquals(2, run("bench", "--seconds", "x", "--json", "f"));
    assertEquals("", out.toString());
  }

  @Test
  void theLauncherExplainsEveryOptionOfServeWithoutABuild() throws Exception {
    List<String> flags = Pattern.compile("\\| `(--[a-z-]+)` \\|")
        .matcher(Files.readString(Path.of("docs/operating.md")))
        .results()
        .map(found -> found.group(1))
        .toList();
    assertEquals(12, flags.size());
    for (String asked : List.of("--help", "-h")) {
      String told = launch("serve", "--data", "DIR", asked);
      for (String flag : flags) {
        assertTrue(told.contains("\n  " + flag + " "), flag);
      }
    }
    assertEquals(1, launch("test", "--help").lines().count());
  }

  @Test
  void aListIsATableForPeopleAndAPageForPrograms() {
    answer(
        200, "application/json", "{\"items\":[{\"name\":\"Optica\",\"id\":\"1\"}],\"next\":null}");
    assertEquals(0, run("admin", "manufacturer", "list"));
    assertEquals("name    id\nOptica  1\n", out.toString());
    out.getBuffer().setLength(0);
    assertEquals(0, run("admin", "manufacturer", "list", "--json"));
    assertTrue(out.toString().contains("\"next\" : null"), out.toString());
  }

  @Test
  void aTokenStandsAloneOrInAFileOfTheOwner() throws IOException {
    answer(201, "application/json", "{\"id\":\"1\",\"expires_at\":\"soon\",\"token\":\"hush\"}");
    assertEquals(0, run("admin", "token", "create", "--device", DEVICE));
    assertEquals("hush\n", out.toString());
    out.getBuffer().setLength(0);
    Path file = data.resolve("token");
    assertEquals(
        0, run("admin", "token", "create", "--device", DEVICE, "--out", file.toString(), "--json"));
    assertFalse(out.toString().contains("hush"));
    assertEquals("hush\n", Files.readString(file));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
  }

  @Test
  void documentsAreSentAsWrittenToTheNameThatTheyCarry() throws IOException {
    Path file = data.resolve("p.yaml");
    Files.writeString(
        file, DemoDocuments.POLICY + "---\n" + DemoDocuments.POLICY.replace("cameras", "more"));
    assertEquals(0, run("admin", "policy", "apply", "-f", file.toString()));
    assertEquals("PUT /api/v1/policies/cameras " + DemoDocuments.POLICY, requests.getFirst());
    assertTrue(requests.get(1).startsWith("PUT /api/v1/policies/more "), requests.get(1));
    assertEquals(2, run("admin", "profile", "apply", "-f", file.toString()));
    assertEquals(2, requests.size());
  }

  @Test
  void aFlowIsReadFromItsEnd() {
    assertEquals(new Flow("10.0.0.0/8", "udp", 123), Flow.of("10.0.0.0/8/udp/123"));
  }

  @Test
  void aCutChangeOfKeyIsCompletedOnTheNextUse() {
    Path dir = data.resolve("device");
    DeviceFolder folder = new DeviceFolder(dir);
    Identity first = new ManufacturingLine("Optica", Clock.systemUTC()).make("Eye", "1");
    WholeFile.secret(dir.resolve("key.pem"), Pem.of(first.key()));
    folder.store(first.leaf(), List.of());
    Identity second = new ManufacturingLine("Optica", Clock.systemUTC()).make("Eye", "1");
    WholeFile.secret(dir.resolve("next-key.pem"), Pem.of(second.key()));
    WholeFile.open(dir.resolve("next-cert.pem"), Pem.of(second.leaf()));
    assertEquals(second.leaf(), new DeviceFolder(dir).identity().leaf());
    assertFalse(Files.exists(dir.resolve("next-key.pem")));
  }

  @Test
  void aRenewalAsksForTheSameNames() throws IOException {
    Identity host = new ManufacturingLine("Optica", Clock.systemUTC()).server("cam.example");
    Der request = Requests.likeCertificate(Requests.newKey(), host.leaf());
    var parsed = new org.bouncycastle.pkcs.PKCS10CertificationRequest(request.octets());
    assertEquals(Requests.subject(host.leaf()), parsed.getSubject());
    assertEquals(1, parsed.getRequestedExtensions().getExtensionOIDs().length);
  }

  private void answer(int status, String type, String body) {
    this.status = status;
    this.type = type;
    this.body = body;
  }

  private int run(String... command) {
    String[] full = java.util.Arrays.copyOf(command, command.length + 2);
    full[command.length] = "--data";
    full[command.length + 1] = data.toString();
    return execute(command.length == 1 && command[0].isEmpty() ? new String[0] : full);
  }

  /** What the launcher prints; it must succeed. */
  private static String launch(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("sh", "./sallyport"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), told);
    return told;
  }

  /** The one JSON value on standard output, with nothing on standard error. */
  private JsonNode told() throws IOException {
    assertEquals("", err.toString());
    return Json.read(out.toString().getBytes(StandardCharsets.UTF_8));
  }

  private int execute(String... command) {
    return Sallyport.run(command, new PrintWriter(out, true), new PrintWriter(err, true), Map.of());
  }
}

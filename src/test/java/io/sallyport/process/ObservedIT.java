package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.ServerProcess.Ended;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What a running server tells its operators: JSON lines with request ids, traces, health; and never a secret. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ObservedIT {
  private static final int EXIT_CONFIGURATION = 78;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration FEW_SECONDS = Duration.ofSeconds(8);
  /** Statements show on which thread, and for which request, the database is asked. */
  private static final String STATEMENTS =
      "'-Dquarkus.log.category.\"org.hibernate.SQL\".level=DEBUG'";

  @TempDir
  static Path folder;

  private final HttpClient client = HttpClient.newHttpClient();
  private final ConcurrentLinkedQueue<byte[]> spans = new ConcurrentLinkedQueue<>();
  private final Manufacturer maker = TestPki.manufacturer("Observed");

  @SuppressWarnings("NullAway.Init")
  private HttpServer collector;

  @SuppressWarnings("NullAway.Init")
  private ServerProcess server;

  @SuppressWarnings("NullAway.Init")
  private Wire wire;

  @BeforeAll
  void start() throws IOException {
    collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    collector.createContext("/v1/traces", exchange -> {
      spans.add(exchange.getRequestBody().readAllBytes());
      exchange.sendResponseHeaders(200, -1);
      exchange.close();
    });
    collector.start();
    server = ServerProcess.start(
        folder.resolve("data"),
        Map.of(
            "SALLYPORT_LOG_FORMAT", "json",
            "SALLYPORT_LOG_ACCESS", "true",
            "SALLYPORT_TRACES_ENDPOINT",
                "http://127.0.0.1:" + collector.getAddress().getPort(),
            "SALLYPORT_DECISION_CONFIRM_WITHIN", "PT2S",
            "JDK_JAVA_OPTIONS", STATEMENTS));
    wire = server.wire();
    wire.register(maker);
    wire.document("/api/v1/profiles/observed", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: observed}
        """);
  }

  @AfterAll
  void stop() {
    server.close();
    collector.stop(0);
    client.close();
  }

  @Test
  void everyLineIsJsonAndThoseOfARequestCarryItsIdOnEveryFront() {
    String serial = "O-1";
    String device = wire.register(maker, serial, "observed");
    Answer enrolled = enroll(serial, token(device), "X-Request-ID", "enroll/1").expect(200);
    Answer read = Answer.of(wire.send(
        null,
        wire.person("/api/v1/devices/" + device)
            .header("X-Request-ID", "person-1")
            .build()));
    Answer crl = Answer.to(
        client,
        HttpRequest.newBuilder(URI.create(wire.status() + "/crl/devices/0.crl"))
            .header("X-Request-ID", "status-1")
            .build());
    Answer refused = Answer.of(wire.send(
        null,
        HttpRequest.newBuilder(URI.create(wire.people() + "/api/v1/devices"))
            .header("X-Request-ID", "nobody-1")
            .build()));

    assertAll(
        () -> assertEquals("enroll/1", enrolled.header("X-Request-ID")),
        () -> assertEquals("person-1", read.expect(200).header("X-Request-ID")),
        () -> assertEquals("status-1", crl.expect(200).header("X-Request-ID")),
        () -> assertEquals("nobody-1", refused.expect(401).header("X-Request-ID")));
    for (String id : List.of("enroll/1", "person-1", "status-1", "nobody-1")) {
      Eventually.holds(
          PATIENCE,
          "an access line of " + id,
          () -> lines().stream().anyMatch(line -> isOf(id, "io.sallyport.access", line)));
    }
    for (String id : List.of("enroll/1", "person-1")) {
      assertTrue(
          lines().stream().anyMatch(line -> isOf(id, "org.hibernate.SQL", line)),
          "no statement carries " + id);
    }
    assertTrue(
        lines().stream()
            .filter(line -> isOf("enroll/1", "io.sallyport.access", line))
            .allMatch(line -> line.get("message")
                .asText()
                .startsWith("devices POST /.well-known/est/simpleenroll 200 in ")),
        "an access line without its route");
  }

  @Test
  void anIdThatCouldForgeALineIsReplacedAndAMissingOneIsMade() {
    String made = status(null);
    assertEquals(36, made.length());
    assertNotEquals(made, status(null));
    assertEquals("!~", status("!~"));
    assertEquals("x".repeat(128), status("x".repeat(128)));
    assertEquals(36, status("x".repeat(129)).length());
    assertEquals(36, status("two words").length());
  }

  @Test
  void aSpanOfAnEnrollmentContinuesItsTrace() {
    String trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    String parent = "00f067aa0ba902b7";
    String serial = "O-2";
    String device = wire.register(maker, serial, "observed");

    enroll(serial, token(device), "traceparent", "00-" + trace + "-" + parent + "-01")
        .expect(200);

    // Fields of opentelemetry.proto.trace.v1.Span: 1 trace_id, 4 parent_span_id, 5 name.
    Eventually.holds(
        PATIENCE,
        "the collector has the span",
        () -> spans.stream()
            .map(body -> HexFormat.of().formatHex(body))
            .anyMatch(body -> body.contains("0a10" + trace) && body.contains("2208" + parent)));
    String all = spans.stream()
        .map(body -> new String(body, StandardCharsets.ISO_8859_1))
        .reduce("", String::concat);
    assertAll(
        () -> assertTrue(all.contains("POST /.well-known/est/simpleenroll")),
        () -> assertTrue(all.contains("use case")),
        () -> assertFalse(all.contains(device), "a device's id in a span"));
    Eventually.holds(
        PATIENCE,
        "the log names the trace",
        () ->
            lines().stream().anyMatch(line -> line.at("/mdc/trace_id").asText().equals(trace)));
  }

  @Test
  void noSecretIsInTheLog() {
    String serial = "O-3";
    String device = wire.register(maker, serial, "observed");
    String token = token(device);
    enroll(serial, token, "X-Request-ID", "secret-1").expect(200);
    String wrong = "wrong-token-that-somebody-mistyped-0123456789";
    Answer.of(wire.send(
            null,
            HttpRequest.newBuilder(URI.create(wire.people() + "/api/v1/devices?token=" + wrong))
                .header("Authorization", "Bearer " + wrong)
                .build()))
        .expect(401);
    enroll(serial, wrong, "X-Request-ID", "secret-2").expect(401);
    Eventually.holds(
        PATIENCE,
        "the last request's line",
        () -> lines().stream().anyMatch(line -> isOf("secret-2", "io.sallyport.access", line)));

    String log = server.log();
    String basic =
        Base64.getEncoder().encodeToString(("device:" + token).getBytes(StandardCharsets.UTF_8));
    for (String secret : List.of(
        token,
        basic,
        wrong,
        server.file("admin.token"),
        server.file("master.key"),
        server.file("postgres.password"))) {
      assertFalse(log.contains(secret), "a secret stands in the log");
    }
    assertTrue(log.contains("Settings: "), "no settings report");
    assertTrue(log.contains("log.format=json"), log.lines().limit(5).toList().toString());
  }

  @Test
  void readinessFollowsTheDatabaseAndLivenessDoesNot() {
    assertEquals(200, health("/health/ready").status());
    server.freezeDatabase();
    try {
      Eventually.holds(FEW_SECONDS, "not ready", () -> health("/health/ready").status() == 503);
      assertEquals(200, health("/health/live").status());
      Eventually.holds(
          FEW_SECONDS,
          "not current",
          () -> health("/health/ready")
              .text()
              .replaceAll("\\s", "")
              .contains("\"name\":\"decisions\",\"status\":\"DOWN\""));
      Eventually.holds(
          FEW_SECONDS,
          "the metric says so, and metrics are answered",
          () -> health("/metrics").expect(200).text().contains("sallyport_database_up 0"));
    } finally {
      server.thawDatabase();
    }
    Eventually.holds(PATIENCE, "ready again", () -> health("/health/ready").status() == 200);
    assertEquals(200, health("/health/live").status());
  }

  @Test
  void settingsThatMeanNothingAreRefusedAllInOneReport() {
    Ended refused = ServerProcess.refused(
        folder.resolve("refused"),
        Map.of(
            "SALLYPORT_LOG_FORMAT", "xml",
            "SALLYPORT_TRACES_ENDPOINT", "collector",
            "SALLYPORT_STATUS_CRL_VALIDITY", "soon",
            "SALLYPORT_HTTPS_PORT", "high"));

    assertEquals(EXIT_CONFIGURATION, refused.code());
    assertEquals(4, refused.output().lines().count(), refused.output());
    assertAll(List.of(
            "SALLYPORT_LOG_FORMAT",
            "SALLYPORT_TRACES_ENDPOINT",
            "SALLYPORT_STATUS_CRL_VALIDITY",
            "--https-port")
        .stream()
        .map(name -> () -> assertTrue(refused.output().contains(name), refused.output())));
  }

  private String status(@Nullable String id) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(wire.status() + "/ca/devices.cer"));
    if (id != null) {
      request.header("X-Request-ID", id);
    }
    return Answer.to(client, request.build()).expect(200).header("X-Request-ID");
  }

  private Answer health(String path) {
    try {
      String management =
          JSON.readTree(server.file("server.json")).get("management").asText();
      return Answer.to(
          client, HttpRequest.newBuilder(URI.create(management + path)).build());
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private Answer enroll(String serial, String token, String header, String value) {
    byte[] request = TestPki.request(TestPki.key(), "CN=" + serial, null);
    return Answer.of(wire.send(
        null,
        wire.device("/.well-known/est/simpleenroll")
            .header("Content-Type", "application/pkcs10")
            .header(
                "Authorization",
                "Basic "
                    + Base64.getEncoder()
                        .encodeToString(("device:" + token).getBytes(StandardCharsets.UTF_8)))
            .header(header, value)
            .POST(HttpRequest.BodyPublishers.ofByteArray(Base64.getEncoder().encode(request)))
            .build()));
  }

  private String token(String device) {
    return wire.admin("POST", "/api/v1/enrollment-tokens", Map.of("device", device))
        .get("token")
        .asText();
  }

  private static boolean isOf(String id, String logger, JsonNode line) {
    return line.at("/mdc/request_id").asText().equals(id)
        && line.get("loggerName").asText().equals(logger);
  }

  /** Every line, of which none but what the JVM says of its options may be anything but JSON. */
  private List<JsonNode> lines() {
    List<JsonNode> lines = new ArrayList<>();
    String log = server.log();
    // The last line may be half written.
    String whole = log.substring(0, log.lastIndexOf('\n') + 1);
    for (String line : whole.lines().toList()) {
      if (line.startsWith("NOTE: Picked up JDK_JAVA_OPTIONS")) {
        continue;
      }
      try {
        lines.add(JSON.readTree(line));
      } catch (JsonProcessingException e) {
        throw new AssertionError("not JSON: " + line, e);
      }
    }
    return lines;
  }
}

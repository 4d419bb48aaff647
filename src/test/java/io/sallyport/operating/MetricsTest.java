package io.sallyport.operating;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@code /metrics} says after traffic, beside the table in docs/metrics.md. */
@QuarkusTest
class MetricsTest extends ServerTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Path TABLE = Path.of("docs", "metrics.md");
  private static final Pattern DOCUMENTED =
      Pattern.compile("(?m)^\\| `([a-z0-9_]+)(\\{([a-z_,]+)})?` \\|");
  private static final Pattern DOCUMENTED_FAMILY =
      Pattern.compile("(?m)^\\| `([a-z0-9_]+_)\\*` \\|");
  private static final Pattern SAMPLE = Pattern.compile("(?m)^([a-z0-9_]+)(?:\\{(.*)})? \\S+$");
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"((?:[^\"\\\\]|\\\\.)*)\"");
  /** Prometheus's conventions: a unit or a count at the end. */
  private static final Pattern CONVENTIONAL = Pattern.compile(
      ".*_(total|seconds|seconds_count|seconds_sum|seconds_max|bytes|facts|lists|info|up|held|waiting|number)");

  private final HttpClient client = HttpClient.newHttpClient();

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "metrics");
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
    client.close();
  }

  @Test
  void whatIsDocumentedIsThereAndWhatIsThereIsDocumented() throws IOException {
    Unit camera = traffic();
    String table = Files.readString(TABLE);
    Set<String> documented = new TreeSet<>();
    Matcher row = DOCUMENTED.matcher(table);
    while (row.find()) {
      documented.add(row.group(1) + "{" + sorted(row.group(3)) + "}");
    }
    Set<String> families = DOCUMENTED_FAMILY
        .matcher(table)
        .results()
        .map(family -> family.group(1))
        .collect(Collectors.toCollection(TreeSet::new));

    String metrics = metrics();
    Set<String> own = new TreeSet<>();
    Set<String> foreign = new TreeSet<>();
    Matcher sample = SAMPLE.matcher(metrics);
    while (sample.find()) {
      String name = sample.group(1);
      if (name.startsWith("sallyport_")) {
        String labels = LABEL
            .matcher(sample.group(2) == null ? "" : sample.group(2))
            .results()
            .map(label -> label.group(1))
            .collect(Collectors.joining(","));
        own.add(name + "{" + sorted(labels) + "}");
      } else {
        foreign.add(name);
      }
    }

    assertEquals(String.join("\n", documented), String.join("\n", own));
    assertAll(
        () -> assertEquals(
            List.of(),
            foreign.stream()
                .filter(name -> families.stream().noneMatch(name::startsWith))
                .toList(),
            "families that docs/metrics.md does not name"),
        () -> assertEquals(
            List.of(),
            families.stream()
                .filter(family -> foreign.stream().noneMatch(name -> name.startsWith(family)))
                .toList(),
            "families that are not there"),
        () -> assertEquals(
            List.of(),
            own.stream()
                .map(name -> name.substring(0, name.indexOf('{')))
                .filter(name -> !CONVENTIONAL.matcher(name).matches())
                .toList(),
            "names without a unit"),
        () -> assertFalse(metrics.contains(camera.id()), "a device's id is a label"),
        () -> assertFalse(metrics.contains("M-1"), "a serial number is a label"));
  }

  @Test
  void requestsAreCountedByRouteOnEveryFront() {
    Unit camera = plant.enrolled("M-2");
    plant.person("GET", "/api/v1/devices/" + camera.id(), null).expect(200);
    plant.get(null, "/made/up/" + camera.id()).expect(404);
    new StatusClient(wire).authority("devices");

    assertCounted("devices", "POST", "/.well-known/est/simpleenroll", "2xx");
    assertCounted("people", "GET", "/api/v1/devices/{id}", "2xx");
    assertCounted("devices", "GET", "none", "4xx");
    assertCounted("status", "GET", "/ca/:file", "2xx");
    assertEquals(0, value("sallyport_http_requests_seconds_count", "route=\"/made"));
  }

  @Test
  void outcomesAreCountedApart() {
    double permitted = value("sallyport_decisions_total", "outcome=\"permit\"");
    double denied = value("sallyport_decisions_total", "outcome=\"deny\"");
    double appraised = value("sallyport_appraisals_total", "status=\"warning\"");
    double revoked = value("sallyport_revocations_total", "reason=\"key-compromise\"");
    double issued =
        value("sallyport_issuance_seconds_count", "outcome=\"issued\"", "profile=\"device\"");

    Unit camera = plant.attested("M-3");
    assertTrue(camera.may(Plant.VIDEO));
    assertFalse(camera.may(new Plant.Flow("elsewhere.example", "tcp", 1)));
    plant
        .person(
            "POST",
            "/api/v1/certificates/devices/"
                + camera.identity().certificate().getSerialNumber().toString(16) + "/revoke",
            Map.of("reason", "key-compromise"))
        .expect(200);

    assertAll(
        () -> assertEquals(permitted + 1, value("sallyport_decisions_total", "outcome=\"permit\"")),
        () -> assertEquals(denied + 1, value("sallyport_decisions_total", "outcome=\"deny\"")),
        () ->
            assertEquals(appraised + 1, value("sallyport_appraisals_total", "status=\"warning\"")),
        () -> assertEquals(
            revoked + 1, value("sallyport_revocations_total", "reason=\"key-compromise\"")),
        () -> assertEquals(
            issued + 1,
            value("sallyport_issuance_seconds_count", "outcome=\"issued\"", "profile=\"device\"")));
  }

  @Test
  void theStateOfTheLogIsLookedUpWithoutBeingAskedFor() {
    double before = value("sallyport_audit_numbered_facts");
    plant.enrolled("M-4");

    Eventually.holds(PATIENCE, "more facts are numbered and sealed", () -> {
      double numbered = value("sallyport_audit_numbered_facts");
      return numbered > before && value("sallyport_audit_sealed_facts") > before;
    });
    assertTrue(value("sallyport_audit_numbering_lag_seconds") < PATIENCE.toSeconds());
    assertEquals(1, value("sallyport_database_up"));
    assertEquals(1, value("sallyport_job_held", "job=\"sequence\""));
  }

  /** Something of everything that is counted. */
  private Unit traffic() {
    Unit camera = plant.attested("M-1");
    camera.may(Plant.VIDEO);
    plant.get(null, "/nothing").expect(404);
    plant.person("GET", "/api/v1/devices/" + camera.id(), null).expect(200);
    plant.get(null, "/attest/v1/challenges").expect(405);
    plant
        .post(
            null,
            "/attest/v1/challenges",
            "application/json",
            HttpRequest.BodyPublishers.ofString("{}"))
        .expect(401);
    StatusClient status = new StatusClient(wire);
    status.authority("devices");
    Answer.to(
        client,
        HttpRequest.newBuilder(URI.create(wire.status() + "/ocsp"))
            .header("Content-Type", "application/ocsp-request")
            .POST(HttpRequest.BodyPublishers.ofString("x"))
            .build());
    plant
        .person(
            "POST",
            "/api/v1/certificates/devices/"
                + camera.identity().certificate().getSerialNumber().toString(16) + "/revoke",
            Map.of("reason", "superseded"))
        .expect(200);
    brokenHandshake();
    Eventually.holds(
        PATIENCE,
        "a CRL was looked at",
        () -> value("sallyport_crl_number", "authority=\"devices\"") > 0);
    return camera;
  }

  private void brokenHandshake() {
    double before = value("sallyport_connection_failures_total", "front=\"devices\"");
    URI devices = URI.create(wire.devices());
    try (Socket socket = new Socket(devices.getHost(), devices.getPort())) {
      socket.getOutputStream().write("not TLS\n\n".getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
      Eventually.holds(
          PATIENCE,
          "the failed handshake is counted",
          () -> value("sallyport_connection_failures_total", "front=\"devices\"") > before);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void assertCounted(String front, String method, String route, String status) {
    Eventually.holds(
        PATIENCE,
        method + " " + route + " is counted on " + front + ", in\n" + requests(),
        () -> value(
                "sallyport_http_requests_seconds_count",
                "front=\"" + front + "\"",
                "method=\"" + method + "\"",
                "route=\"" + route + "\"",
                "status=\"" + status + "\"")
            > 0);
  }

  private String requests() {
    return metrics()
        .lines()
        .filter(line -> line.startsWith("sallyport_http_requests_seconds_count"))
        .collect(Collectors.joining("\n"));
  }

  /** The sum of the samples of {@code name} whose labels contain all of {@code labels}. */
  private double value(String name, String... labels) {
    double sum = 0;
    for (String line : metrics().lines().toList()) {
      boolean meant = line.startsWith(name + " ") || line.startsWith(name + "{");
      for (String label : labels) {
        meant = meant && line.contains(label);
      }
      if (meant) {
        sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
      }
    }
    return sum;
  }

  private String metrics() {
    String port = ConfigProvider.getConfig().getValue("quarkus.management.test-port", String.class);
    return Answer.to(
            client,
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                .build())
        .expect(200)
        .text();
  }

  private static String sorted(String labels) {
    return labels == null || labels.isEmpty()
        ? ""
        : Set.of(labels.split(",")).stream().sorted().collect(Collectors.joining(","));
  }
}

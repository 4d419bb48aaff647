package io.sallyport.door.line;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.LineStation;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Stations of lines: what their certificates are good for, and for nothing else (law 10). */
@QuarkusTest
class StationTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("Station");
  private static final String PROFILE = "station-test";

  private boolean registered;

  @BeforeEach
  void register() {
    if (!registered) {
      registered = true;
      wire.register(MAKER);
      wire.document("/api/v1/profiles/" + PROFILE, """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: %s}
          """.formatted(PROFILE));
    }
  }

  private String batch(String name, String line) {
    return LineStation.order(wire, name, MAKER.name(), PROFILE, line, 100);
  }

  private Identity station(String name, String line, @Nullable String batch) {
    return LineStation.register(wire, name, line, batch).identity();
  }

  private HttpResponse<byte[]> issue(@Nullable Identity identity, String batch, String row) {
    return LineStation.issue(wire, identity, batch, List.of(row));
  }

  @Test
  void aStationGetsCertificatesForItsLineAlone() throws Exception {
    String batch = batch("T-line", "line 1");
    Identity own = station("bench-1", "line 1", null);

    HttpResponse<byte[]> answer = issue(own, batch, LineClient.row("T-1", TestPki.key()));

    assertEquals(200, answer.statusCode());
    assertTrue(LineClient.byRow(LineClient.lines(answer.body())).get("T-1").has("certificate"));
    String row = LineClient.row("T-2", TestPki.key());
    assertEquals(403, issue(own, batch("T-other", "line 2"), row).statusCode());
    assertEquals(401, issue(null, batch, row).statusCode());
    assertEquals(401, issue(MAKER.idevid("T-1"), batch, row).statusCode());
  }

  @Test
  void aStationOfOneBatchWorksOnNoOther() throws Exception {
    String batch = batch("T-one", "line 3");
    Identity own = station("bench-3", "line 3", batch);

    assertEquals(200, issue(own, batch, LineClient.row("T-3", TestPki.key())).statusCode());
    assertEquals(
        403,
        issue(own, batch("T-two", "line 3"), LineClient.row("T-4", TestPki.key()))
            .statusCode());
  }

  @Test
  void aStationThatWasRemovedIsNobody() throws Exception {
    String batch = batch("T-gone", "line 4");
    Identity own = station("bench-4", "line 4", null);
    assertEquals(200, issue(own, batch, LineClient.row("T-5", TestPki.key())).statusCode());

    assertEquals(
        204,
        wire.send(null, wire.person("/api/v1/stations/bench-4").DELETE().build())
            .statusCode());

    assertEquals(401, issue(own, batch, LineClient.row("T-6", TestPki.key())).statusCode());
  }

  @Test
  void anOpenStreamOfAStationThatIsRemovedGetsNothingMore() throws Exception {
    String batch = batch("T-open", "line 6");
    LineStation station = LineStation.register(wire, "bench-6", "line 6", null);
    try (LineStation.OpenStream stream = station.open(batch)) {
      JsonNode first = stream.answer(LineClient.row("T-7", TestPki.key()));
      assertTrue(first.has("certificate"), first.toString());

      wire.send(null, wire.person("/api/v1/stations/bench-6").DELETE().build());

      JsonNode next = stream.answer(LineClient.row("T-8", TestPki.key()));
      assertEquals("unauthenticated", next.path("problem").asText(), next.toString());
    }
  }

  @Test
  void aStationsCertificateIsNoDevices() throws Exception {
    Identity own = station("bench-5", "line 5", null);

    HttpResponse<byte[]> answer = wire.send(
        own,
        wire.device("/.well-known/est/simplereenroll")
            .header("Content-Type", "application/pkcs10")
            .POST(HttpRequest.BodyPublishers.ofByteArray(
                Base64.getMimeEncoder().encode(TestPki.request(own.keys(), "CN=bench-5", null))))
            .build());

    assertEquals(403, answer.statusCode(), new String(answer.body(), StandardCharsets.UTF_8));
  }
}

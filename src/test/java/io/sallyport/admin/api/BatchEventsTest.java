package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How far a batch is, followed over the wire. */
@QuarkusTest
@Timeout(60)
class BatchEventsTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("BatchEvents");
  private static final ObjectMapper JSON = new ObjectMapper();

  private record Event(String name, JsonNode data) {}

  private static Event next(BufferedReader lines) throws Exception {
    String name = "message";
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("event:")) {
        name = line.substring(6).strip();
      } else if (line.startsWith("data:") && !name.equals("heartbeat")) {
        return new Event(name, JSON.readTree(line.substring(5)));
      }
    }
    throw new AssertionError("it ended");
  }

  @Test
  void aBatchIsFollowedToItsClosing() throws Exception {
    wire.register(MAKER);
    wire.document("/api/v1/profiles/batch-events", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: batch-events}
        """);
    LineClient line = LineClient.order(wire, "E-follow", MAKER.name(), "batch-events", 10);
    String path = "/api/v1/batches/" + line.batch();
    try (HttpClient client = wire.client(null)) {
      HttpResponse<java.io.InputStream> response = client.send(
          wire.person(path + "/events").build(), HttpResponse.BodyHandlers.ofInputStream());
      assertEquals(200, response.statusCode());
      assertTrue(response
          .headers()
          .firstValue("Content-Type")
          .orElseThrow()
          .startsWith("text/event-stream"));
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));

      Event first = next(lines);
      assertEquals("progress", first.name());
      assertEquals(0, first.data().get("issued").asInt());
      assertEquals("open", first.data().get("state").asText());

      line.issue(
          List.of(LineClient.row("E-1", TestPki.key()), LineClient.row("E-2", TestPki.key())));
      Event then = next(lines);
      while (then.data().get("issued").asInt() < 2) {
        then = next(lines);
      }
      assertEquals("progress", then.name());
      assertEquals(2, then.data().get("registered").asInt());
      assertTrue(then.data().has("per_second"));

      JsonNode closed = wire.admin("POST", path + "/close", null);
      Event last = next(lines);
      while (!last.name().equals("closed")) {
        last = next(lines);
      }
      assertEquals(closed.get("manifest_sha256"), last.data().get("manifest_sha256"));
      String rest = lines.readLine();
      assertTrue(rest == null || rest.isEmpty(), rest);
      assertNull(lines.readLine());
    }
    assertTrue(new String(
            wire.send(null, wire.person(path + "/events").build()).body(), StandardCharsets.UTF_8)
        .contains("closed"));
  }

  @Test
  void whoMayNotReadItIsToldNothing() {
    String unknown = "/api/v1/batches/00000000-0000-0000-0000-000000000001/events";
    assertEquals(404, wire.send(null, wire.person(unknown).build()).statusCode());
    assertEquals(
        401,
        wire.send(
                null,
                HttpRequest.newBuilder(URI.create(wire.people() + unknown)).build())
            .statusCode());
  }
}

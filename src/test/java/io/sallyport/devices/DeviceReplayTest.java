package io.sallyport.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay.Effect;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.LostFact;
import io.sallyport.testing.Plant;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a line's devices became is so after a restore too, though one fact tells of the certificate and of it (law 9). */
@QuarkusTest
class DeviceReplayTest extends ServerTest {
  @Inject
  DeviceReplay devices;

  @Test
  void aDeviceThatALineActivatedIsActive() {
    try (Plant plant = Plant.open(wire, "device-replay")) {
      LineClient line =
          LineClient.order(wire, "replayed", plant.manufacturer().name(), plant.name(), 1);
      JsonNode told = line.issue(List.of(LineClient.row("DR-1", TestPki.key()))).getFirst();
      String id = told.get("device").asText();
      LogEntry lost = LostFact.of(plant.fact(id, "certificate.issued"));
      assertEquals("true", lost.detail().get("activated"));
      LostFact.restore(
          "update device set enrolled = false, state = 'EXPECTED' where id = cast(? as uuid)", id);
      assertEquals("expected", state(id));

      assertEquals(Effect.DONE, LostFact.replay(devices, lost));
      assertEquals("active", state(id));

      // One more certificate of a device that was there says nothing about its state.
      assertEquals(
          Effect.NONE, LostFact.replay(devices, LostFact.with(lost, "activated", "false")));
    }
  }

  @Test
  void whatBecameOfItSinceStands() {
    try (Plant plant = Plant.open(wire, "device-replay-since")) {
      LineClient line =
          LineClient.order(wire, "replayed since", plant.manufacturer().name(), plant.name(), 1);
      String id = line.issue(List.of(LineClient.row("DR-2", TestPki.key())))
          .getFirst()
          .get("device")
          .asText();
      LogEntry lost = LostFact.of(plant.fact(id, "certificate.issued"));
      wire.admin("POST", "/api/v1/devices/" + id + "/suspend", Map.of("reason", "test"));

      LostFact.replay(devices, lost);

      assertEquals("suspended", state(id));
    }
  }

  private String state(String id) {
    return wire.admin("GET", "/api/v1/devices/" + id, null).get("state").asText();
  }
}

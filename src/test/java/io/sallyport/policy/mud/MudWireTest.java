package io.sallyport.policy.mud;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** MUD files over the front for people; this server trusts nobody who signs them and fetches from nowhere. */
@QuarkusTest
class MudWireTest extends ServerTest {
  @Test
  void whatPolicyPermitsADeviceIsAMudFile() {
    try (Plant plant = Plant.open(wire, "mud")) {
      Unit camera = plant.attested("mud-1");
      String path = "/api/v1/mud/export?device=" + camera.id() + "&url=";
      Answer answer =
          plant.person("GET", path + "https://plant.example/mud/camera", null).expect(200);
      assertEquals("application/mud+json", answer.header("Content-Type").split(";")[0]);
      MudFile file = MudFile.read(answer.body());
      assertEquals("https://plant.example/mud/camera", file.url());
      assertEquals(Plant.VIDEO.peer(), file.entries().getFirst().peer());
      assertEquals("8554", file.entries().getFirst().ports().getFirst());
      plant.person("GET", path + "http://plant.example/mud/camera", null).expect(400);
      plant.person("GET", "/api/v1/mud/export?device=x&url=https://a/", null).expect(400);
    }
  }

  @Test
  void whatNobodySignedIsNoPolicy() {
    try (Plant plant = Plant.open(wire, "mud-import")) {
      String file =
          Base64.getEncoder().encodeToString(MudFileTest.camera().getBytes(StandardCharsets.UTF_8));
      assertRefused(
          "untrusted-mud",
          plant.person(
              "POST",
              "/api/v1/mud",
              Map.of(
                  "name",
                  "mud-import",
                  "profile",
                  "mud-import",
                  "file",
                  file,
                  "signature",
                  "AAAA")));
      assertRefused(
          "unfetched-mud",
          plant.person(
              "POST",
              "/api/v1/mud",
              Map.of(
                  "name",
                  "mud-import",
                  "profile",
                  "mud-import",
                  "url",
                  "https://mud.example/a.json")));
      Unit unit = plant.enrolled("mud-2");
      plant
          .person(
              "POST",
              "/api/v1/mud",
              Map.of("name", "mud-import", "profile", "mud-import", "device", unit.id()))
          .expect(404);
      plant
          .person("POST", "/api/v1/mud", Map.of("name", "a", "profile", "b", "file", "!"))
          .expect(400);
    }
  }

  private static void assertRefused(String problem, Answer answer) {
    String type = answer.expect(422).json().get("type").asText();
    assertTrue(type.endsWith(problem), answer.toString());
  }
}

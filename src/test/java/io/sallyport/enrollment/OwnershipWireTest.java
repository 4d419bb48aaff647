package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A device passes from one owner to the next, and nothing of the last one's stays with it. */
@QuarkusTest
class OwnershipWireTest extends ServerTest {
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void open() {
    if (plant == null) {
      plant = Plant.open(wire, "ownership");
    }
  }

  @AfterAll
  void close() {
    plant.close();
  }

  @Test
  void aClaimedDeviceIsTheNextOwnersAndBeginsAnew() {
    Unit unit = plant.attested("OW-1");
    unit.bind("192.0.2.77", "ownership-1");
    assertTrue(unit.may(Plant.VIDEO));
    String token = plant
        .person("POST", "/api/v1/enrollment-tokens", Map.of("device", unit.id()))
        .expect(201)
        .json()
        .get("token")
        .asText();
    String code = release(unit, Map.of()).expect(200).json().get("code").asText();
    assertTrue(unit.may(Plant.VIDEO));

    JsonNode claimed = claim(code, "Second Owner").expect(200).json();

    assertEquals(unit.id(), claimed.get("id").asText());
    assertEquals("Second Owner", claimed.get("owner").asText());
    assertEquals("plant-2", claimed.get("site").asText());
    assertFalse(unit.may(Plant.VIDEO));
    unit.challenge().expect(403);
    unit.renew().expect(403);
    assertEquals(
        401,
        wire.est("simpleenroll", null, token, TestPki.request(TestPki.key(), "", null))
            .statusCode());
    assertEquals(
        0,
        plant
            .person("GET", "/api/v1/devices/" + unit.id() + "/addresses", null)
            .expect(200)
            .json()
            .get("items")
            .valueStream()
            .filter(binding -> binding.get("live").asBoolean())
            .count());
    claim(code, "Third Owner").expect(404);
    unit.enroll();
    unit.attest(Plant.GOOD).expect(200);
    assertTrue(unit.may(Plant.VIDEO));
    JsonNode history = history(unit);
    assertEquals("Second Owner", history.get("owner").asText());
    assertEquals(
        List.of("released", "claimed"),
        history.get("history").valueStream().map(act -> act.get("act").asText()).toList());
    assertEquals("operations", history.at("/history/1/from").asText());
    plant.fact(unit.id(), "device.claimed");
  }

  @Test
  void aReleaseIsForTheOwnerThatItNames() {
    Unit unit = plant.registered("OW-2");
    String code = release(unit, Map.of("to", "Right Owner"))
        .expect(200)
        .json()
        .get("code")
        .asText();

    claim(code, "Wrong Owner").expect(403);

    claim(code, "Right Owner").expect(200);
  }

  @Test
  void aReleaseIsTakenBack() {
    Unit unit = plant.enrolled("OW-3");
    String first = release(unit, Map.of()).expect(200).json().get("code").asText();
    String code = release(unit, Map.of()).expect(200).json().get("code").asText();
    claim(first, "Second Owner").expect(404);

    plant
        .person("DELETE", "/api/v1/ownership/devices/" + unit.id() + "/release", null)
        .expect(204);

    claim(code, "Second Owner").expect(404);
    unit.renew().expect(200);
    assertEquals("operations", history(unit).get("owner").asText());
  }

  @Test
  void ofManyClaimsAtOnceOneGetsTheDevice() {
    Unit unit = plant.registered("OW-4");
    String code = release(unit, Map.of()).expect(200).json().get("code").asText();

    List<CompletableFuture<Integer>> sent = IntStream.range(0, 10)
        .mapToObj(
            i -> CompletableFuture.supplyAsync(() -> claim(code, "Owner " + i).status()))
        .toList();

    List<Integer> statuses = sent.stream().map(CompletableFuture::join).sorted().toList();
    assertEquals(200, statuses.get(0));
    assertEquals(List.of(404, 404, 404, 404, 404, 404, 404, 404, 404), statuses.subList(1, 10));
    assertEquals(2, history(unit).get("history").size());
  }

  @Test
  void whatCannotChangeHandsIsRefused() {
    Unit unit = plant.enrolled("OW-5");
    release(unit, Map.of("lifetime", "P366D")).expect(422);
    release(unit, Map.of("lifetime", "PT0S")).expect(422);
    String code = release(unit, Map.of()).expect(200).json().get("code").asText();
    unit.become("suspend").expect(200);

    release(unit, Map.of()).expect(409);
    claim(code, "Second Owner").expect(409);
    claim("no such code", "Second Owner").expect(404);
  }

  private Answer release(Unit unit, Map<String, Object> wanted) {
    return plant.person("POST", "/api/v1/ownership/devices/" + unit.id() + "/release", wanted);
  }

  private Answer claim(String code, String owner) {
    return plant.person(
        "POST",
        "/api/v1/ownership/claims",
        Map.of("code", code, "owner", owner, "site", "plant-2"));
  }

  private JsonNode history(Unit unit) {
    return plant
        .person("GET", "/api/v1/ownership/devices/" + unit.id(), null)
        .expect(200)
        .json();
  }
}

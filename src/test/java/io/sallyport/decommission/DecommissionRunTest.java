package io.sallyport.decommission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.Enforcements;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import jakarta.inject.Inject;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class DecommissionRunTest extends ServerTest {
  private static @Nullable Plant opened;

  @Inject
  EnforcementPoints points;

  @Inject
  Enforcements enforcements;

  @Inject
  Clock clock;

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (opened == null) {
      opened = Plant.open(wire, "decommission");
    }
    plant = opened;
  }

  @AfterAll
  static void closePlant() {
    if (opened != null) {
      opened.close();
    }
  }

  @Test
  void withoutAWipeOneCallDeniesAndRevokes() {
    Unit unit = plant.attested("D-1");
    assertTrue(unit.may(Plant.VIDEO));

    assertEquals("decommissioned", decommission(unit, Map.of()).get("state").asText());

    assertFalse(unit.may(Plant.VIDEO));
    assertEquals("skipped", step(unit, "wipe").get("state").asText());
    assertEquals("done", step(unit, "deny-and-revoke").get("state").asText());
    unit.token(Plant.VIDEO).expect(403);
    plant.fact(unit.id(), "device.decommissioned");
  }

  @Test
  void aWipingDeviceHasTheWipeChannelAndNothingElse() {
    Unit unit = plant.attested("D-2");

    assertEquals(
        "wiping",
        decommission(unit, Map.of("wipe_within", "PT10M")).get("state").asText());

    assertFalse(unit.may(Plant.VIDEO));
    unit.token(Plant.VIDEO).expect(403);
    unit.challenge().expect(403);
    unit.renew().expect(403);
    unit.become("release").expect(409);
    unit.become("quarantine").expect(409);
    assertEquals("open", step(unit, "wipe").get("state").asText());
    assertEquals("waiting", step(unit, "deny-and-revoke").get("state").asText());
    JsonNode order = plant.get(unit.identity(), "/wipe/v1/order").expect(200).json();
    assertEquals("wipe", order.get("order").asText());

    ending(unit, "done", "keys and recordings erased").expect(204);

    assertEquals("decommissioned", state(unit));
    JsonNode wipe = step(unit, "wipe");
    assertEquals("done", wipe.get("state").asText());
    assertEquals("device:" + unit.id(), wipe.get("by").asText());
    assertTrue(wipe.get("detail").asText().contains("keys and recordings erased"));
    ending(unit, "done", "again").expect(403);
    plant.fact(unit.id(), "decommission.wipe-confirmed");
  }

  @Test
  void aWipeThatFailsIsShownAsUnconfirmedAndEverythingIsTakenAway() {
    Unit unit = plant.attested("D-3");
    decommission(unit, Map.of("wipe_within", "PT10M"));

    ending(unit, "failed", "flash is read-only").expect(204);

    assertEquals("unconfirmed", step(unit, "wipe").get("state").asText());
    assertEquals("decommissioned", state(unit));
  }

  @Test
  void aSilentDeviceLosesEverythingAtTheDeadline() {
    Unit unit = plant.attested("D-4");
    decommission(unit, Map.of("wipe_within", "PT1S"));

    Patience.until(
        "the device is decommissioned",
        () -> Optional.of(state(unit)).filter("decommissioned"::equals));

    JsonNode wipe = step(unit, "wipe");
    assertEquals("unconfirmed", wipe.get("state").asText());
    assertTrue(wipe.get("by").isNull());
    plant.get(unit.identity(), "/wipe/v1/order").expect(403);
  }

  @Test
  void afterACompromiseNobodyWaitsForTheDevice() {
    Unit unit = plant.attested("D-5");

    decommission(unit, Map.of("wipe_within", "PT10M", "revocation_reason", "key-compromise"));

    assertEquals("decommissioned", state(unit));
    assertEquals("skipped", step(unit, "wipe").get("state").asText());
  }

  @Test
  void aCompromiseThatBecomesKnownEndsTheWait() {
    Unit unit = plant.attested("D-6");
    decommission(unit, Map.of("wipe_within", "PT10M"));
    assertEquals("wiping", state(unit));

    decommission(unit, Map.of("revocation_reason", "key-compromise"));

    assertEquals("decommissioned", state(unit));
    assertEquals("skipped", step(unit, "wipe").get("state").asText());
  }

  @Test
  void aPointThatStaysSilentIsShownAsUnconfirmed() {
    String site = "decommission-silent";
    plant
        .person(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name",
                "decommission-silent-gate",
                "kind",
                "nftables",
                "settings",
                Map.of("sites", List.of(site), "worst_case_delay", "PT1S"),
                "csr",
                TestPki.pem(
                    "CERTIFICATE REQUEST",
                    TestPki.request(TestPki.key(), "CN=decommission-silent-gate", null))))
        .expect(201);
    String id = plant
        .person(
            "POST",
            "/api/v1/devices",
            Map.of(
                "manufacturer",
                plant.manufacturer().name(),
                "model",
                "m",
                "serial_number",
                "D-7",
                "profile",
                plant.name(),
                "owner",
                "o",
                "site",
                site))
        .expect(201)
        .json()
        .get("id")
        .asText();

    plant
        .person("POST", "/api/v1/devices/" + id + "/suspend", Map.of("reason", "a test"))
        .expect(200);
    String before = Patience.until(
        "the suspension is to be told",
        () -> Optional.of(plant
                .person("GET", "/api/v1/devices/" + id + "/enforcements", null)
                .expect(200)
                .json()
                .at("/items/0/desired_at")
                .asText())
            .filter(at -> !at.isEmpty()));

    plant
        .person("POST", "/api/v1/devices/" + id + "/decommission", Map.of("reason", "a test"))
        .expect(200);

    assertEquals("device.decommissioned", silent(id).get("reason").asText());
    assertTrue(
        Instant.parse(silent(id).get("desired_at").asText()).isAfter(Instant.parse(before)),
        "what the point confirms of the suspension does not confirm the decommissioning");
    Patience.until(
        "the silence is shown",
        () -> Optional.of(silent(id))
            .filter(one -> one.get("outcome").asText().equals("unconfirmed")));
    assertEquals("unconfirmed", run(id).get("steps").get(2).get("state").asText());
  }

  @Test
  void nobodyWaitsForAPointThatWasWithdrawn() {
    Unit unit = plant.attested("D-11");
    String gate = "decommission-gone-gate";
    plant
        .person(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name",
                gate,
                "kind",
                "nftables",
                "csr",
                TestPki.pem(
                    "CERTIFICATE REQUEST", TestPki.request(TestPki.key(), "CN=" + gate, null))))
        .expect(201);
    decommission(unit, Map.of());
    plant.person("DELETE", "/api/v1/enforcement-points/" + gate, null).expect(204);

    Patience.until("it is settled", () -> {
      for (JsonNode one : run(unit.id()).get("enforcements")) {
        if (one.get("point").asText().equals(gate)
            && one.get("outcome").asText().equals("acknowledged")) {
          return Optional.of(one);
        }
      }
      return Optional.empty();
    });
  }

  @Test
  void itsAddressesAreFreeOnceThePointsWereTold() {
    Unit unit = plant.attested("D-12");
    unit.bind("10.77.0.12", "decommission");

    decommission(unit, Map.of());
    // Other tests' points are silent for long.
    points.all().forEach(point -> enforcements.acknowledge(point, clock.instant(), "a test"));

    JsonNode binding = Patience.until(
        "the binding is withdrawn",
        () -> Optional.of(plant
                .person("GET", "/api/v1/devices/" + unit.id() + "/addresses", null)
                .expect(200)
                .json()
                .at("/items/0"))
            .filter(one -> !one.get("live").asBoolean()));
    assertEquals(
        "the device was decommissioned", binding.get("withdrawn_because").asText());
    assertEquals("done", step(unit, "tombstone").get("state").asText());
    // Once each: a point that has confirmed it is not asked again.
    List<String> told = new ArrayList<>();
    run(unit.id()).get("enforcements").forEach(one -> told.add(one.get("point").asText()));
    assertEquals(told.stream().distinct().toList(), told);
    plant.attested("D-13").bind("10.77.0.12", "decommission");
  }

  @Test
  void ofManyAtOnceOneStartsTheRun() throws Exception {
    Unit unit = plant.attested("D-8");
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Answer>> answers = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        answers.add(callers.submit(() -> unit.become("decommission")));
      }
      for (Future<Answer> answer : answers) {
        answer.get().expect(200);
      }
    }
    plant.fact(unit.id(), "device.decommissioned");
    assertEquals(
        1,
        plant.facts(unit.id()).stream()
            .filter(fact -> fact.get("kind").asText().equals("decommission.started"))
            .count());
  }

  @Test
  void theWipeChannelIsForWipingDevicesOnly() {
    Unit unit = plant.enrolled("D-9");

    plant.get(unit.identity(), "/wipe/v1/order").expect(403);
    plant.get(null, "/wipe/v1/order").expect(401);
    plant.get(plant.enforcementPoint(), "/wipe/v1/order").expect(401);
    plant.person("GET", "/api/v1/devices/" + unit.id() + "/decommission", null).expect(404);
  }

  @Test
  void aTimeForTheWipeHasABound() {
    Unit unit = plant.enrolled("D-10");
    for (String bad : List.of("P31D", "-PT1S")) {
      plant
          .person(
              "POST",
              "/api/v1/devices/" + unit.id() + "/decommission",
              Map.of("reason", "a test", "wipe_within", bad))
          .expect(422);
    }
    assertEquals("active", state(unit));
  }

  private JsonNode decommission(Unit unit, Map<String, String> more) {
    Map<String, String> body = new HashMap<>(more);
    body.put("reason", "a test");
    return plant
        .person("POST", "/api/v1/devices/" + unit.id() + "/decommission", body)
        .expect(200)
        .json();
  }

  private Answer ending(Unit unit, String how, String detail) {
    return plant.post(
        unit.identity(), "/wipe/v1/order/" + how, "text/plain", BodyPublishers.ofString(detail));
  }

  private String state(Unit unit) {
    return plant
        .person("GET", "/api/v1/devices/" + unit.id(), null)
        .expect(200)
        .json()
        .get("state")
        .asText();
  }

  private JsonNode run(String device) {
    return plant
        .person("GET", "/api/v1/devices/" + device + "/decommission", null)
        .expect(200)
        .json();
  }

  private JsonNode step(Unit unit, String name) {
    for (JsonNode step : run(unit.id()).get("steps")) {
      if (step.get("name").asText().equals(name)) {
        return step;
      }
    }
    throw new AssertionError("no step " + name);
  }

  /** What is desired at the one point that stays silent; other tests have points of their own. */
  private JsonNode silent(String device) {
    List<JsonNode> silent = new ArrayList<>();
    run(device).get("enforcements").forEach(one -> {
      if (one.get("point").asText().equals("decommission-silent-gate")) {
        silent.add(one);
      }
    });
    assertEquals(1, silent.size());
    return silent.getFirst();
  }
}

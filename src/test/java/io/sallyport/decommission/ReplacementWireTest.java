package io.sallyport.decommission;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.Enforcements;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Person;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import jakarta.inject.Inject;
import java.net.http.HttpClient;
import java.security.KeyPair;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class ReplacementWireTest extends ServerTest {
  private static @Nullable Plant opened;
  private static @Nullable HttpClient client;
  private static @Nullable Person operator;

  @Inject
  EnforcementPoints points;

  @Inject
  Enforcements enforcements;

  @Inject
  Clock clock;

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private Person line;

  @BeforeEach
  void openPlant() {
    if (opened == null) {
      opened = Plant.open(wire, "replacement");
      client = wire.client(null);
      operator = Person.operator(
          wire, client, "replacement-line", List.of("line-operator"), List.of("plant-1"));
    }
    plant = opened;
    line = Optional.ofNullable(operator).orElseThrow();
  }

  @AfterAll
  static void closePlant() {
    if (opened != null) {
      opened.close();
    }
    if (client != null) {
      client.close();
    }
  }

  @Test
  void theSpareIsWhatTheFailedUnitWasInOneActOfALineOperator() {
    Unit failed = plant.attested("R-1");
    Unit spare = plant.registered("R-2");
    named(failed, "Gate camera", Map.of("zone", "gate"));
    named(spare, "Shelf 3", Map.of("zone", "stores", "shelf", "3"));
    assertTrue(failed.may(Plant.VIDEO));

    JsonNode done = replace(failed, spare).expect(200).json();

    assertEquals("Gate camera", done.get("name").asText());
    JsonNode now = device(spare);
    assertEquals("Gate camera", now.get("name").asText());
    assertEquals("R-2", now.get("serial_number").asText());
    assertEquals("{\"zone\":\"gate\"}", now.get("labels").toString());
    JsonNode gone = device(failed);
    assertEquals("decommissioned", gone.get("state").asText());
    assertTrue(gone.get("name").asText().startsWith("Gate camera replaced 20"));
    assertFalse(failed.may(Plant.VIDEO));
    failed.token(Plant.VIDEO).expect(403);
    failed.renew().expect(403);
    assertEquals("revoked", gone.at("/certificates/0/status").asText());
    assertEquals(
        failed.id(),
        plant.fact(spare.id(), "device.took-over").at("/detail/from").asText());
    assertEquals(
        spare.id(), plant.fact(failed.id(), "device.replaced").at("/detail/by").asText());
    assertEquals(
        failed.id(),
        plant
            .person("GET", "/api/v1/devices/" + spare.id() + "/replacement", null)
            .expect(200)
            .json()
            .get("failed")
            .asText());
    // It proves itself with keys of its own, and then it may what the other one might.
    spare.enroll();
    spare.attest(Plant.GOOD).expect(200);
    assertTrue(spare.may(Plant.VIDEO));
  }

  @Test
  void repeatingItChangesNothingAndOfManyAtOnceOneDoesIt() throws Exception {
    Unit failed = plant.enrolled("R-3");
    Unit spare = plant.enrolled("R-4");
    Unit other = plant.registered("R-5");
    Set<String> answers = new HashSet<>();

    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Answer>> running = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        running.add(callers.submit(() -> replace(failed, spare)));
      }
      for (Future<Answer> one : running) {
        answers.add(one.get().expect(200).json().toString());
      }
    }

    assertEquals(1, answers.size(), answers.toString());
    assertEquals(1, count(spare, "device.took-over"));
    assertEquals(1, count(failed, "decommission.started"));
    assertEquals("R-3", device(spare).get("name").asText());
    replace(failed, other).expect(409);
    assertEquals("R-5", device(other).get("name").asText());
    spare.challenge().expect(201);
  }

  @Test
  void whatIsNoSpareForItIsRefusedAndNothingHappens() {
    Unit failed = plant.enrolled("R-6");
    Unit quarantined = plant.enrolled("R-7");
    quarantined.become("quarantine").expect(200);
    Unit bad = plant.enrolled("R-8");
    bad.attest(Plant.OLD).expect(200);
    Unit elsewhere = plant.registered("R-9");
    plant
        .person("PATCH", "/api/v1/devices/" + elsewhere.id(), Map.of("site", "far-away"))
        .expect(200);

    replace(failed, failed).expect(409);
    replace(failed, quarantined).expect(409);
    replace(failed, elsewhere).expect(404);
    String another = registered("R-10", "Q7");
    line.send(
            "POST",
            "/api/v1/devices/" + failed.id() + "/replace",
            Map.of("spare", another, "reason", "broken"))
        .expect(409);
    line.send(
            "POST",
            "/api/v1/devices/" + failed.id() + "/replace",
            Map.of("spare", another, "reason", "broken", "other_model", true))
        .expect(403);

    assertEquals("active", device(failed).get("state").asText());
    assertEquals("R-6", device(failed).get("name").asText());
    plant
        .person(
            "POST",
            "/api/v1/devices/" + failed.id() + "/replace",
            Map.of("spare", another, "reason", "broken", "other_model", true))
        .expect(200);
    assertEquals("decommissioned", device(failed).get("state").asText());
  }

  @Test
  void itsAddressesFollowWhenThePointsHaveLetGoOfIt() {
    Unit failed = plant.attested("R-11");
    Unit spare = plant.attested("R-12");
    failed.bind("10.78.0.11", "replacement");

    replace(failed, spare).expect(200);

    // Other tests' points are silent for long.
    points.all().forEach(point -> enforcements.acknowledge(point, clock.instant(), "a test"));
    Patience.until("the address is the spare's", () -> Optional.of(spare).filter(this::held));
    assertFalse(held(failed));
    assertEquals("static", address(spare).get().get("source").asText());
  }

  @Test
  void aReturnedUnitLivesOnUnderANewIdentityWithItsOwnKeys() {
    Unit old = plant.registered("R-13");
    KeyPair keys = TestPki.key();
    old.enroll(keys);
    Digest first = Digest.of(encoded(old));

    JsonNode next =
        remanufacture(old, Map.of("name", "Refurbished 1")).expect(200).json();

    assertNotEquals(old.id(), next.get("id").asText());
    assertEquals("expected", next.get("state").asText());
    assertEquals("R-13", next.get("serial_number").asText());
    assertEquals("Refurbished 1", next.get("name").asText());
    assertEquals("decommissioned", device(old).get("state").asText());
    old.renew().expect(403);
    assertEquals(
        next.get("id").asText(),
        remanufacture(old, Map.of("name", "Refurbished 1"))
            .expect(200)
            .json()
            .get("id")
            .asText());
    assertEquals(
        next.get("id").asText(),
        plant.fact(old.id(), "device.remanufactured").at("/detail/next").asText());
    // Law 3: the unit keeps its keys, and nobody else gets them.
    old.enroll(keys);
    assertNotEquals(first, Digest.of(encoded(old)));
    assertArrayEquals(
        keys.getPublic().getEncoded(),
        old.identity().certificate().getPublicKey().getEncoded());
    Unit thief = plant.registered("R-14");
    Answer.of(
            wire.est("simpleenroll", thief.idevid(), null, TestPki.request(keys, "CN=R-14", null)))
        .expect(403);
    JsonNode lives = plant
        .person("GET", "/api/v1/devices?text=R-13", null)
        .expect(200)
        .json()
        .get("items");
    assertEquals(2, lives.size());
  }

  @Test
  void aUnitWhoseKeyWasCompromisedDoesNotComeBackWithIt() {
    Unit old = plant.registered("R-15");
    KeyPair keys = TestPki.key();
    old.enroll(keys);
    plant
        .person(
            "POST",
            "/api/v1/devices/" + old.id() + "/decommission",
            Map.of("reason", "stolen", "revocation_reason", "key-compromise"))
        .expect(200);

    remanufacture(old, Map.of()).expect(200);

    Answer.of(wire.est("simpleenroll", old.idevid(), null, TestPki.request(keys, "CN=R-15", null)))
        .expect(403);
    old.enroll();
  }

  private static byte[] encoded(Unit unit) {
    try {
      return unit.identity().certificate().getEncoded();
    } catch (java.security.cert.CertificateEncodingException e) {
      throw new AssertionError(e);
    }
  }

  private Answer replace(Unit failed, Unit spare) {
    return line.send(
        "POST",
        "/api/v1/devices/" + failed.id() + "/replace",
        Map.of("spare", spare.id(), "reason", "no picture"));
  }

  private Answer remanufacture(Unit unit, Map<String, String> life) {
    Map<String, String> body = new java.util.HashMap<>(life);
    body.put("reason", "refurbished");
    return line.send("POST", "/api/v1/devices/" + unit.id() + "/remanufacture", body);
  }

  private void named(Unit unit, String name, Map<String, String> labels) {
    plant
        .person(
            "PATCH",
            "/api/v1/devices/" + unit.id(),
            Map.of("name", name, "labels", labels, "reason", "put up"))
        .expect(200);
  }

  private String registered(String serial, String model) {
    return plant
        .person(
            "POST",
            "/api/v1/devices",
            Map.of(
                "manufacturer",
                plant.manufacturer().name(),
                "model",
                model,
                "serial_number",
                serial,
                "profile",
                plant.name(),
                "owner",
                "o",
                "site",
                "plant-1"))
        .expect(201)
        .json()
        .get("id")
        .asText();
  }

  private boolean held(Unit unit) {
    return address(unit).filter(one -> one.get("live").asBoolean()).isPresent();
  }

  private Optional<JsonNode> address(Unit unit) {
    return Optional.of(plant
            .person("GET", "/api/v1/devices/" + unit.id() + "/addresses", null)
            .expect(200)
            .json()
            .at("/items/0"))
        .filter(one -> !one.isMissingNode());
  }

  private long count(Unit unit, String kind) {
    plant.fact(unit.id(), kind);
    return plant.facts(unit.id()).stream()
        .filter(fact -> fact.get("kind").asText().equals(kind))
        .count();
  }

  private JsonNode device(Unit unit) {
    return plant.person("GET", "/api/v1/devices/" + unit.id(), null).expect(200).json();
  }
}

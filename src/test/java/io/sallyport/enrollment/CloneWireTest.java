package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class CloneWireTest extends ServerTest {
  private static final String HOME = "127.0.0.1";
  private static final String AWAY = "127.0.0.3";
  private static final String TWICE = "security.certificate-in-two-places";
  private static final String SERIAL = "security.serial-number-twice";

  private static @Nullable Plant opened;

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (opened == null) {
      opened = Plant.open(wire, "clones");
      wire.document("/api/v1/profiles/clones-strict", """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: clones-strict}
          spec: {clones: quarantine}
          """);
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
  void aCertificateThatIsUsedInTurnsFromTwoPlacesIsAnAlarm() {
    Unit unit = plant.enrolled("C-1");
    challenge(unit, HOME).expect(201);
    challenge(unit, AWAY).expect(201);
    challenge(unit, HOME).expect(201);

    JsonNode alarm = plant.fact(unit.id(), TWICE);

    assertEquals(HOME, alarm.at("/detail/place").asText());
    assertEquals(AWAY, alarm.at("/detail/other_place").asText());
    assertEquals("alert", alarm.at("/detail/reaction").asText());
    assertEquals("active", state(unit));
    // It is raised once, however long they go on.
    challenge(unit, AWAY).expect(201);
    challenge(unit, HOME).expect(201);
    assertEquals(1, count(unit, TWICE));
  }

  @Test
  void aDeviceThatMovesIsNone() {
    Unit unit = plant.enrolled("C-2");
    challenge(unit, HOME).expect(201);
    challenge(unit, AWAY).expect(201);
    challenge(unit, AWAY).expect(201);

    assertEquals(0, count(unit, TWICE));
  }

  @Test
  void theProfileMayHaveItQuarantined() {
    Unit unit = strict("C-3");
    unit.enroll();
    challenge(unit, HOME).expect(201);
    challenge(unit, AWAY).expect(201);
    assertEquals("active", state(unit));

    // Quarantine leaves it its attestation, so that it can recover.
    challenge(unit, HOME).expect(201);

    assertEquals("quarantined", state(unit));
    assertEquals(
        "quarantine", plant.fact(unit.id(), TWICE).at("/detail/reaction").asText());
  }

  @Test
  void aSerialNumberWithAnotherManufacturersKeyIsAnAlarm() {
    Unit unit = plant.enrolled("C-4");
    assertEquals(0, count(unit, SERIAL));
    Identity second = plant.manufacturer().idevid("C-4");

    enroll(second, "C-4").expect(200);

    JsonNode alarm = plant.fact(unit.id(), SERIAL);
    assertEquals("C-4", alarm.at("/detail/serial_number").asText());
    assertEquals("active", state(unit));
  }

  @Test
  void theProfileMayRefuseTheSecondOfTwoWithOneSerialNumber() {
    Unit unit = strict("C-5");
    unit.enroll();
    Identity second = plant.manufacturer().idevid("C-5");

    enroll(second, "C-5").expect(403);

    assertEquals("quarantined", state(unit));
    plant.fact(unit.id(), SERIAL);
    plant.fact(unit.id(), "enrollment.refused", "serial-number-twice");
    // Its own certificate is as good as before, once somebody has looked at it.
    unit.become("release").expect(200);
    unit.challenge().expect(201);
    assertFalse(state(unit).equals("quarantined"));
  }

  @Test
  void aProfileSaysNothingElse() {
    Answer.of(wire.send(
            null,
            wire.person("/api/v1/profiles/clones-odd")
                .header("Content-Type", "application/yaml")
                .PUT(BodyPublishers.ofString("""
                    apiVersion: sallyport.io/v1
                    kind: DeviceProfile
                    metadata: {name: clones-odd}
                    spec: {clones: explode}
                    """))
                .build()))
        .expect(422);
  }

  private Unit strict(String serialNumber) {
    Unit unit = plant.registered(serialNumber);
    plant
        .person("PATCH", "/api/v1/devices/" + unit.id(), Map.of("profile", "clones-strict"))
        .expect(200);
    return unit;
  }

  private Answer enroll(Identity idevid, String serialNumber) {
    return Answer.of(wire.est(
        "simpleenroll", idevid, null, TestPki.request(TestPki.key(), "CN=" + serialNumber, null)));
  }

  private Answer challenge(Unit unit, String from) {
    try (HttpClient client = HttpClient.newBuilder()
        .sslContext(wire.tls(unit.identity()))
        .localAddress(InetAddress.getByName(from))
        .build()) {
      return Answer.to(
          client,
          wire.device("/attest/v1/challenges")
              .header("Content-Type", "application/json")
              .POST(BodyPublishers.ofString("{}"))
              .build());
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  private String state(Unit unit) {
    return plant
        .person("GET", "/api/v1/devices/" + unit.id(), null)
        .expect(200)
        .json()
        .get("state")
        .asText();
  }

  /** Of all that were committed until now: a fact that comes behind them is waited for. */
  private long count(Unit unit, String kind) {
    String name = "counted " + UUID.randomUUID();
    plant.person("PATCH", "/api/v1/devices/" + unit.id(), Map.of("name", name)).expect(200);
    plant.fact(unit.id(), "device.renamed");
    return plant.facts(unit.id()).stream()
        .filter(fact -> fact.get("kind").asText().equals(kind))
        .count();
  }
}

package io.sallyport.decommission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class DeviceChangesWireTest extends ServerTest {
  private static @Nullable Plant opened;

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (opened == null) {
      opened = Plant.open(wire, "changes");
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
  void aDeviceIsCalledByItsSerialNumberUntilItIsRenamed() {
    Unit unit = plant.registered("CH-1");
    assertEquals("CH-1", device(unit).get("name").asText());

    change(unit, Map.of("name", "Gate camera 4", "reason", "new drawing")).expect(200);

    assertEquals("Gate camera 4", device(unit).get("name").asText());
    assertEquals("CH-1", device(unit).get("serial_number").asText());
    JsonNode fact = plant.fact(unit.id(), "device.renamed");
    assertEquals("CH-1", fact.at("/detail/from").asText());
    assertEquals("Gate camera 4", fact.at("/detail/to").asText());
    assertEquals("new drawing", fact.at("/detail/reason").asText());
  }

  @Test
  void aMoveAndOtherLabelsLeaveEverythingElseAsItWas() {
    Unit unit = plant.enrolled("CH-2");
    change(unit, Map.of("labels", Map.of("zone", "gate", "rack", "7"))).expect(200);
    Map<String, @Nullable String> labels = new HashMap<>();
    labels.put("rack", null);
    labels.put("lane", "2");

    JsonNode changed = change(unit, Map.of("site", "changes-north", "labels", labels))
        .expect(200)
        .json();

    assertEquals("changes-north", changed.get("site").asText());
    assertEquals("{\"lane\":\"2\",\"zone\":\"gate\"}", sorted(changed.get("labels")));
    assertEquals("active", changed.get("state").asText());
    assertEquals("CH-2", changed.get("name").asText());
    unit.challenge().expect(201);
    plant.fact(unit.id(), "device.moved");
    assertEquals(
        "lane=2,zone=gate",
        plant.fact(unit.id(), "device.relabelled").at("/detail/to").asText());
  }

  @Test
  void anotherProfileTakesTheCertificatesThatItDoesNotAllow() {
    String own = plant.name() + "-own";
    wire.document("/api/v1/certificate-profiles/" + own, """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          subject: [{serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
        """.formatted(own));
    profile("changes-guard", own);
    profile("changes-both", "device, " + own);
    Unit unit = plant.enrolled("CH-3");

    change(unit, Map.of("profile", "changes-both")).expect(200);
    unit.challenge().expect(201);

    change(unit, Map.of("profile", "changes-guard", "reason", "moved to the guard"))
        .expect(200);

    unit.challenge().expect(403);
    unit.renew().expect(403);
    JsonNode certificate = device(unit).at("/certificates/0");
    assertEquals("revoked", certificate.get("status").asText(), certificate.toPrettyString());
    assertEquals(
        "changes-guard",
        plant.fact(unit.id(), "device.transferred").at("/detail/to").asText());
    // It is let in again, as what it is now.
    unit.enroll();
    assertEquals(own, device(unit).at("/certificates/0/profile").asText());
    unit.challenge().expect(201);
  }

  @Test
  void whatWasAppraisedForOneProfileCountsForNoOther() {
    profile("changes-plain", "device");
    Unit unit = plant.attested("CH-6");
    assertTrue(unit.may(Plant.VIDEO));

    change(unit, Map.of("profile", "changes-plain")).expect(200);
    change(unit, Map.of("profile", plant.name())).expect(200);

    assertFalse(unit.may(Plant.VIDEO));
    plant.fact(unit.id(), "appraisal.ended");
    unit.attest(Plant.GOOD).expect(200);
    assertTrue(unit.may(Plant.VIDEO));
  }

  @Test
  void whatCannotBeIsRefusedAndChangesNothing() {
    Unit unit = plant.registered("CH-4");
    Unit gone = plant.registered("CH-5");
    plant
        .person("POST", "/api/v1/devices/" + gone.id() + "/decommission", Map.of("reason", "sold"))
        .expect(200);

    change(unit, Map.of("profile", "no-such-profile", "name", "x")).expect(404);
    change(unit, Map.of("name", "line\nbreak")).expect(400);
    change(unit, Map.of("name", "x".repeat(65))).expect(422);
    change(unit, Map.of("labels", Map.of("bad name", "x"))).expect(422);
    change(unit, Map.of("site", "")).expect(400);
    change(gone, Map.of("name", "Gate")).expect(409);

    assertEquals("CH-4", device(unit).get("name").asText());
    assertTrue(device(unit).get("labels").isEmpty());
    assertFalse(plant.facts(unit.id()).stream()
        .anyMatch(fact -> fact.get("kind").asText().equals("device.renamed")));
  }

  private void profile(String name, String certificateProfiles) {
    wire.document("/api/v1/profiles/" + name, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec: {certificateProfiles: [%s]}
        """.formatted(name, certificateProfiles));
  }

  private Answer change(Unit unit, Map<String, ?> change) {
    return plant.person("PATCH", "/api/v1/devices/" + unit.id(), change);
  }

  private JsonNode device(Unit unit) {
    return plant.person("GET", "/api/v1/devices/" + unit.id(), null).expect(200).json();
  }

  private static String sorted(JsonNode labels) {
    Map<String, String> found = new java.util.TreeMap<>();
    labels
        .properties()
        .forEach(label -> found.put(label.getKey(), label.getValue().asText()));
    return new com.fasterxml.jackson.databind.ObjectMapper().valueToTree(found).toString();
  }
}

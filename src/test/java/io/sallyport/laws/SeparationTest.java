package io.sallyport.laws;

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
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.security.KeyPair;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Law 10: nobody speaks for others. */
@QuarkusTest
class SeparationTest extends ServerTest {
  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "separation");
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  @Test
  void aManufacturerSpeaksForItsOwnDevicesOnly() {
    Manufacturer other = TestPki.manufacturer("separation other");
    wire.register(other);
    Unit camera = plant.registered("X-1");
    KeyPair keys = TestPki.key();

    // The same serial number, and even the same name in the certificate, under another
    // manufacturer's anchor.
    Manufacturer pretender = new Manufacturer(plant.manufacturer().name(), other.authority());
    for (Identity idevid : List.of(other.idevid("X-1"), pretender.idevid("X-1"))) {
      Answer answer =
          Answer.of(wire.est("simpleenroll", idevid, null, TestPki.request(keys, "CN=X-1", null)));
      assertEquals(403, answer.status(), answer.toString());
    }

    JsonNode device =
        plant.person("GET", "/api/v1/devices/" + camera.id(), null).expect(200).json();
    assertEquals("expected", device.get("state").asText());
    assertTrue(device.get("certificates").isEmpty());
    camera.enroll();
  }

  @Test
  void aManufacturersCertificateOpensNothingButEnrollment() {
    Unit camera = plant.attested("X-2");
    Identity idevid = camera.idevid();
    BodyPublisher nothing = BodyPublishers.noBody();
    plant.post(idevid, "/attest/v1/challenges", "application/json", nothing).expect(401);
    plant
        .post(idevid, "/oauth2/token", "application/x-www-form-urlencoded", nothing)
        .expect(401);
    plant.evaluate(idevid, "device", camera.id(), Plant.VIDEO).expect(401);
    plant
        .evaluate(plant.manufacturer().authority(), "device", camera.id(), Plant.VIDEO)
        .expect(401);
    Answer renewal = Answer.of(
        wire.est("simplereenroll", idevid, null, TestPki.request(TestPki.key(), "CN=X-2", null)));
    assertTrue(renewal.status() == 401 || renewal.status() == 403, renewal.toString());
  }

  @Test
  void anEnforcementPointIsNoDevice() {
    Identity gate = plant.enforcementPoint();
    BodyPublisher nothing = BodyPublishers.noBody();
    plant.post(gate, "/attest/v1/challenges", "application/json", nothing).expect(401);
    plant
        .post(gate, "/oauth2/token", "application/x-www-form-urlencoded", nothing)
        .expect(401);
    for (String operation : List.of("simpleenroll", "simplereenroll")) {
      Answer answer = Answer.of(wire.est(
          operation, gate, null, TestPki.request(TestPki.key(), "CN=separation-gate", null)));
      assertTrue(answer.status() == 401 || answer.status() == 403, operation + " " + answer);
    }
  }

  @Test
  void aDeviceDoesNotBecomeAnEnforcementPointWithItsKey() {
    Unit camera = plant.attested("X-3");

    Answer answer =
        plant.addEnforcementPoint("separation-camera", camera.identity().keys());

    assertEquals(
        "urn:sallyport:problem:duplicate-key",
        answer.expect(403).json().get("type").asText());
    plant.evaluate(camera.identity(), "device", camera.id(), Plant.VIDEO).expect(401);
    assertFalse(plant
        .person("GET", "/api/v1/enforcement-points?limit=1000", null)
        .text()
        .contains("separation-camera"));
  }

  @Test
  void anEnforcementPointsKeyIsNoDevices() {
    Unit camera = plant.registered("X-4");

    Answer answer = Answer.of(wire.est(
        "simpleenroll",
        camera.idevid(),
        null,
        TestPki.request(plant.enforcementPoint().keys(), "CN=X-4", null)));

    answer.expect(403);
  }

  @ParameterizedTest
  @ValueSource(strings = {"server", "enforcement-point", "ocsp-responder", "authority"})
  void aDeviceProfileDoesNotGetACertificateThatIsNotForDevices(String certificateProfile) {
    String name = "separation-" + certificateProfile;
    Answer applied = Answer.of(wire.send(
        null,
        wire.person("/api/v1/profiles/" + name)
            .header("Content-Type", "application/yaml")
            .PUT(BodyPublishers.ofString("""
            apiVersion: sallyport.io/v1
            kind: DeviceProfile
            metadata: {name: %s}
            spec: {certificateProfiles: [%s]}
            """.formatted(name, certificateProfile)))
            .build()));
    if (applied.status() == 422) {
      return;
    }
    applied.expect(200);
    wire.register(plant.manufacturer(), "X-5-" + certificateProfile, name);
    Identity idevid = plant.manufacturer().idevid("X-5-" + certificateProfile);
    byte[] request = TestPki.request(TestPki.key(), "CN=X-5-" + certificateProfile, null);

    for (String operation :
        List.of("simpleenroll", certificateProfile + "/simpleenroll", "device/simpleenroll")) {
      Answer answer = Answer.of(wire.est(operation, idevid, null, request));
      assertTrue(answer.status() == 403 || answer.status() == 404, operation + " " + answer);
    }
  }

  @Test
  void aDeviceOfAnotherProfileGetsNothingByALabel() {
    Unit camera = plant.registered("X-6");
    byte[] request = TestPki.request(TestPki.key(), "CN=X-6", null);
    for (String label : List.of("server", "enforcement-point")) {
      Answer answer = Answer.of(wire.est(label + "/simpleenroll", camera.idevid(), null, request));
      assertEquals(403, answer.status(), answer.toString());
    }
  }

  @Test
  void whatADeviceSaysOfItselfIsNeverEnoughForAPolicyThatWantsMore() {
    try (Plant strict = Plant.open(wire, "separation-strict")) {
      Unit camera = strict.attested("X-7");
      for (String posture : List.of(
          "executables: {tier: affirming, assurance: signed-software}",
          "executables: {tier: warning, assurance: hardware}",
          "hardware: {tier: warning, assurance: signed-software}",
          "hardware: {tier: affirming, assurance: declared}")) {
        strict.policySpec("""
            posture:
              %s
            allow:
              - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
            """.formatted(posture));
        assertFalse(camera.may(Plant.VIDEO), posture);
        camera.token(Plant.VIDEO).expect(403);
      }
      strict.policy("PT10M");
      assertTrue(camera.may(Plant.VIDEO));
    }
  }
}

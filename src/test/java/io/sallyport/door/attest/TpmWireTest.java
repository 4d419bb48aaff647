package io.sallyport.door.attest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Plant;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.Tpm;
import io.sallyport.testing.TpmUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A device with a TPM: swtpm, tpm2-tools and the server, over the wire. */
@QuarkusTest
class TpmWireTest extends ServerTest {
  private static final String ZERO = "0".repeat(64);

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private Tpm maker;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      maker = Tpm.start();
      plant = Plant.open(wire, "tpm-wire");
      wire.admin(
          "PUT",
          "/api/v1/tpm-roots/tpm-wire",
          Map.of("anchors", List.of(TestPki.pem(maker.root()))));
      wire.document("/api/v1/profiles/tpm-wire", """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: tpm-wire}
          spec:
            attestation:
              secureBoot: true
              tpm:
                pcrs:
                  sha256: {"0": ["%s"], "7": ["%s"]}
          """.formatted(ZERO, ZERO));
      plant.policySpec("""
          posture:
            executables: {tier: affirming, assurance: hardware}
            instance-identity: {tier: affirming, assurance: hardware}
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
          """);
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
    maker.close();
  }

  @Test
  void aQuoteOpensTheGateAndAnExtendedPcrClosesIt() {
    try (Tpm tpm = maker.sibling()) {
      TpmUnit device = TpmUnit.enrolled(plant, "T-1", tpm).activate();
      assertFalse(device.unit().may(Plant.VIDEO));

      JsonNode appraisal = device.attest("sha256:0,7").expect(200).json();
      assertEquals("affirming", appraisal.get("status").asText(), appraisal.toString());
      for (String claim :
          List.of("instance-identity", "executables", "configuration", "hardware")) {
        assertEquals(2, appraisal.at("/claims/" + claim + "/value").asInt(), claim);
        assertEquals("hardware", appraisal.at("/claims/" + claim + "/assurance").asText());
      }
      device.unit().token(Plant.VIDEO).expect(200);
      assertTrue(device.unit().may(Plant.VIDEO));

      tpm.extend(7, new byte[32]);
      JsonNode after = device.attest("sha256:0,7").expect(200).json();
      assertEquals("contraindicated", after.get("status").asText());
      assertEquals(96, after.at("/claims/executables/value").asInt());
      assertTrue(after.at("/claims/executables/reason").asText().contains("PCR 7 (sha256)"));
      device.unit().token(Plant.VIDEO).expect(403);
      assertFalse(device.unit().may(Plant.VIDEO));
    }
  }
}

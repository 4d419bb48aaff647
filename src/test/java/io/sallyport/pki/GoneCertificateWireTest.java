package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import jakarta.inject.Inject;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is left of a certificate whose octets were dropped: its serial number, how it stands, and its key. */
@QuarkusTest
class GoneCertificateWireTest extends ServerTest {
  @Inject
  DataSource database;

  private @Nullable Plant opened;

  @BeforeEach
  void open() {
    if (opened == null) {
      opened = Plant.open(wire, "gone");
    }
  }

  @AfterAll
  void close() {
    plant().close();
  }

  private Plant plant() {
    return Objects.requireNonNull(opened);
  }

  /** As when the partition of its year is dropped. */
  private BigInteger gone(Unit unit) throws Exception {
    BigInteger serial = unit.identity().certificate().getSerialNumber();
    try (Connection connection = database.getConnection();
        PreparedStatement drop = connection.prepareStatement(
            "delete from certificate_body using credential where credential = id and serial = ?")) {
      drop.setString(1, serial.toString(16));
      assertEquals(1, drop.executeUpdate());
    }
    return serial;
  }

  private Answer certificate(String method, BigInteger serial, String act, @Nullable Object body) {
    return plant()
        .person(method, "/api/v1/certificates/devices/" + serial.toString(16) + act, body);
  }

  @Test
  void aDroppedCertificateIsGoneAndNotUnknown() throws Exception {
    BigInteger serial = gone(plant().enrolled("G-1"));
    Answer answer = certificate("GET", serial, "", null).expect(410);
    assertTrue(answer.json().get("type").asText().endsWith("certificate-gone"), answer::toString);
    String detail = answer.json().get("detail").asText();
    assertTrue(detail.contains("ended on") && detail.contains("never used again"), detail);
    certificate("POST", serial, "/revoke", Map.of("reason", "superseded")).expect(410);
    certificate("POST", serial, "/release", null).expect(410);
    certificate("GET", serial.add(BigInteger.ONE), "", null).expect(404);
  }

  @Test
  void itsStatusIsAnsweredAsBeforeAndOthersAreListed() throws Exception {
    Unit revoked = plant().enrolled("G-2");
    BigInteger serial = revoked.identity().certificate().getSerialNumber();
    certificate("POST", serial, "/revoke", Map.of("reason", "superseded")).expect(200);
    gone(revoked);
    BigInteger good = gone(plant().enrolled("G-3"));

    StatusClient status = new StatusClient(wire);
    assertInstanceOf(RevokedStatus.class, status.device(serial).getCertStatus());
    assertNull(status.device(good).getCertStatus(), "good");
    status.crlWith("devices", serial);

    Unit other = plant().enrolled("G-4");
    JsonNode device = plant()
        .person("GET", "/api/v1/devices/" + revoked.id(), null)
        .expect(200)
        .json();
    assertEquals(revoked.id(), device.get("id").asText());
    plant().person("GET", "/api/v1/devices/" + other.id(), null).expect(200);
    plant().person("GET", "/api/v1/certificates?limit=1000", null).expect(200);
  }

  /** Law 3: another unit gets nothing on its key; and the device itself goes on. */
  @Test
  void itsKeyIsStillTheUnitsAlone() throws Exception {
    Unit unit = plant().enrolled("G-5");
    gone(unit);
    Unit thief = plant().registered("G-6");
    Answer refused = Answer.of(wire.est(
        "simpleenroll",
        thief.idevid(),
        null,
        TestPki.request(unit.identity().keys(), "CN=G-6", null)));
    assertTrue(refused.status() == 403 || refused.status() == 409, refused::toString);
    unit.become("quarantine").expect(200);
    unit.become("release").expect(200);
    plant()
        .person(
            "POST", "/api/v1/devices/" + unit.id() + "/decommission", Map.of("reason", "retired"))
        .expect(200);
  }

  @Test
  void whatIsKeptAndWhatGoesIsShownAndAHoldStopsIt() {
    JsonNode standing =
        plant().person("GET", "/api/v1/retention", null).expect(200).json();
    assertEquals("P3653D", standing.at("/terms/0/term").asText());
    assertEquals("facts", standing.at("/terms/0/records").asText());
    JsonNode plan = plant()
        .person("GET", "/api/v1/retention/plan?days=36000", null)
        .expect(200)
        .json();
    assertEquals("Its term has not ended.", plan.at("/items/0/obstacle").asText());
    plant().person("GET", "/api/v1/retention/plan?days=x", null).expect(400);
    plant().person("POST", "/api/v1/retention/hold", Map.of()).expect(400);
    plant().person("POST", "/api/v1/retention/hold", Map.of("reason", " ")).expect(422);
    Map<String, String> reason = Map.of("reason", "case 7");
    JsonNode held =
        plant().person("POST", "/api/v1/retention/hold", reason).expect(200).json();
    assertEquals("case 7", held.at("/hold/reason").asText());
    plant().person("POST", "/api/v1/retention/hold", Map.of("reason", "other")).expect(200);
    held = plant().person("GET", "/api/v1/retention", null).expect(200).json();
    assertEquals("case 7", held.at("/hold/reason").asText(), "a hold that stands keeps its reason");
    JsonNode lifted =
        plant().person("POST", "/api/v1/retention/lift", null).expect(200).json();
    assertTrue(lifted.get("hold").isNull(), lifted::toString);
  }
}

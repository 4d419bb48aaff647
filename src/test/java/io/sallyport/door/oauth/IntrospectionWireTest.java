package io.sallyport.door.oauth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Page;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Database;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki.Identity;
import java.net.http.HttpRequest.BodyPublishers;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class IntrospectionWireTest extends ServerTest {
  private static final String FORM = "application/x-www-form-urlencoded";

  private Plant plant;

  @BeforeEach
  void open() {
    if (plant == null) {
      plant = Plant.open(wire, "introspect");
    }
  }

  @AfterAll
  void close() {
    plant.close();
  }

  private Answer introspect(@Nullable Identity point, String token) {
    return plant.post(point, "/oauth2/introspect", FORM, BodyPublishers.ofString("token=" + token));
  }

  private Answer revoke(Unit unit, String token) {
    return plant.post(
        unit.identity(), "/oauth2/revoke", FORM, BodyPublishers.ofString("token=" + token));
  }

  private static String token(Unit unit) {
    return unit.token(Plant.VIDEO).expect(200).json().get("access_token").asText();
  }

  private boolean active(String token) {
    JsonNode said = introspect(plant.enforcementPoint(), token).expect(200).json();
    boolean active = said.get("active").asBoolean();
    if (!active) {
      assertEquals(1, said.size(), "nothing more is said of it");
    }
    return active;
  }

  @Test
  void aLiveGrantIsToldWithItsCertificateAndFlows() {
    Unit camera = plant.attested("introspect-1");
    Answer answer = introspect(plant.enforcementPoint(), token(camera)).expect(200);
    assertEquals("no-store", answer.header("Cache-Control"));
    JsonNode said = answer.json();
    assertTrue(said.get("active").asBoolean());
    assertEquals(camera.id(), said.get("sub").asText());
    assertEquals(43, said.at("/cnf/x5t#S256").asText().length());
    assertEquals(8554, said.at("/authorization_details/0/port").asInt());
    assertTrue(said.get("exp").asLong() > said.get("iat").asLong());
  }

  @Test
  void aGrantEndsWithItsDevicesQuarantineForGood() {
    Unit camera = plant.attested("introspect-2");
    String token = token(camera);
    assertTrue(active(token));
    camera.become("quarantine").expect(200);
    assertFalse(active(token));
    camera.become("release").expect(200);
    Patience.untilTrue("it is written down", () -> !active(token));
    String again = token(camera);
    assertTrue(active(again));
    assertFalse(active(token));
  }

  @Test
  void aGrantEndsWhenPolicyNoLongerAllowsOneOfItsFlows() {
    Unit camera = plant.attested("introspect-3");
    String token = token(camera);
    plant.policySpec("""
        allow:
          - {peer: vms.plant.example, protocol: tcp, ports: [443]}
        grant: {ttl: PT10M}
        """);
    assertFalse(active(token));
    plant.policy("PT10M");
  }

  /** More than are read at once. */
  @Test
  void everyOneOfManyGrantsOfADeviceIsWithdrawn() throws SQLException {
    Unit camera = plant.attested("introspect-8");
    token(camera);
    try (Connection database = Database.connect();
        PreparedStatement copy = database.prepareStatement("""
            insert into network_grant (id, device, thumbprint, flows, issued_at, expires_at, decisions, policy_hash, appraisal)
            select gen_random_uuid(), device, thumbprint, flows, issued_at, expires_at, decisions, policy_hash, appraisal
            from network_grant, generate_series(1, ?) where device = ?::uuid""")) {
      copy.setInt(1, Page.MOST + 1);
      copy.setString(2, camera.id());
      assertEquals(Page.MOST + 1, copy.executeUpdate());
      database.commit();
    }
    assertEquals(Page.MOST + 2, open(camera));
    camera.attest(Plant.OLD).expect(200);
    Patience.untilTrue("all are withdrawn", () -> open(camera) == 0);
  }

  private static int open(Unit unit) {
    try (Connection database = Database.connect();
        PreparedStatement count = database.prepareStatement(
            "select count(*) from network_grant where device = ?::uuid and withdrawn_at is null")) {
      count.setString(1, unit.id());
      try (ResultSet row = count.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aDeviceGivesItsOwnGrantUpAndNoOther() {
    Unit camera = plant.attested("introspect-4");
    Unit other = plant.attested("introspect-5");
    String token = token(camera);
    revoke(other, token).expect(403);
    assertTrue(active(token));
    assertEquals(0, revoke(camera, token).expect(200).body().length);
    assertFalse(active(token));
    revoke(camera, token).expect(200);
    revoke(camera, "nonsense").expect(200);
  }

  @Test
  void whatIsNoTokenOfThisServerIsNotActive() {
    Unit camera = plant.attested("introspect-6");
    String token = token(camera);
    for (String text : List.of(
        "x",
        "a.b.c",
        token.substring(0, token.lastIndexOf('.')) + ".AAAA",
        token + "A",
        "eyJhbGciOiJub25lIn0.e30.")) {
      assertFalse(active(text), text);
    }
    plant
        .post(plant.enforcementPoint(), "/oauth2/introspect", FORM, BodyPublishers.ofString(""))
        .expect(400);
    plant
        .post(
            plant.enforcementPoint(),
            "/oauth2/introspect",
            "application/json",
            BodyPublishers.ofString("{}"))
        .expect(400);
  }

  @Test
  void onlyAPointThatGuardsItIsTold() {
    Unit camera = plant.attested("introspect-7");
    String token = token(camera);
    introspect(null, token).expect(401);
    introspect(camera.identity(), token).expect(401);
    for (Map<String, List<String>> settings :
        List.of(Map.of("sites", List.of("elsewhere")), Map.of("peers", List.of("other.example")))) {
      Identity other = plant.enforcementPoint(
          "introspect-" + settings.keySet().iterator().next(), "authzen", settings);
      JsonNode said = introspect(other, token).expect(200).json();
      assertEquals("{\"active\":false}", said.toString());
    }
  }

  @Test
  void theMetadataNamesBoth() {
    String said =
        plant.get(null, "/.well-known/oauth-authorization-server").expect(200).text();
    assertTrue(said.contains("/oauth2/introspect\"") && said.contains("/oauth2/revoke\""), said);
  }
}

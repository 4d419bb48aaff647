package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Person;
import io.sallyport.testing.PostgresResource;
import io.sallyport.testing.ServerTest;
import java.net.http.HttpClient;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
class OperatorsTest extends ServerTest {
  private static final String OPERATORS = "/api/v1/operators";

  @SuppressWarnings("NullAway.Init")
  private HttpClient client;

  @SuppressWarnings("NullAway.Init")
  private Person administrator;

  @BeforeEach
  void connect() {
    if (client == null) {
      client = wire.client(null);
      administrator = new Person(client, wire.people(), PostgresResource.ADMIN_TOKEN);
    }
  }

  @AfterAll
  void disconnect() {
    client.close();
  }

  @Test
  void aTokenIsToldOnceAndCountsAtOnceUntilTheOperatorIsRemoved() {
    JsonNode made = add("operators-ada", "auditor", "plant-7");
    Person ada = new Person(client, wire.people(), made.get("token").asText());
    assertEquals(200, ada.get("/api/v1/devices").status());
    JsonNode shown = administrator.get(OPERATORS + "/operators-ada").json();
    assertFalse(shown.has("token"), shown::toString);
    assertEquals("plant-7", shown.at("/sites/0").asText());

    administrator.send("DELETE", OPERATORS + "/operators-ada", null).expect(204);
    assertEquals(401, ada.get("/api/v1/devices").status());
    assertEquals(404, administrator.get(OPERATORS + "/operators-ada").status());
  }

  @Test
  void aRenewedTokenWithdrawsTheOldOneAtOnce() {
    String old = add("operators-renewed", "auditor", "plant-7").get("token").asText();
    Person before = new Person(client, wire.people(), old);
    assertEquals(200, before.get("/api/v1/devices").status());
    String fresh = administrator
        .send("POST", OPERATORS + "/operators-renewed/token", null)
        .expect(200)
        .json()
        .get("token")
        .asText();
    assertNotEquals(old, fresh);
    assertEquals(401, before.get("/api/v1/devices").status());
    assertEquals(
        200, new Person(client, wire.people(), fresh).get("/api/v1/devices").status());
  }

  @Test
  void rolesThatAreTakenAwayEndAtOnce() {
    Person person = new Person(
        client,
        wire.people(),
        add("operators-demoted", "administrator", null).get("token").asText());
    assertEquals(200, person.get(OPERATORS).status());
    administrator
        .send("PATCH", OPERATORS + "/operators-demoted", Map.of("roles", List.of("auditor")))
        .expect(200);
    assertEquals(403, person.get(OPERATORS).status());
    assertEquals(200, person.get("/api/v1/audit/facts").status());
  }

  @Test
  void theLastAdministratorStays() {
    assertEquals(409, administrator.send("DELETE", OPERATORS + "/admin", null).status());
    assertEquals(
        409,
        administrator
            .send("PATCH", OPERATORS + "/admin", Map.of("roles", List.of("auditor")))
            .status());
  }

  @Test
  void whatIsDoneToOperatorsIsInTheLogWithoutTheToken() {
    String token =
        add("operators-logged", "line-operator", "plant-7").get("token").asText();
    administrator.send("DELETE", OPERATORS + "/operators-logged", null).expect(204);
    io.sallyport.testing.Eventually.holds(
        java.time.Duration.ofSeconds(10), "both facts are numbered", () -> {
          String facts =
              administrator.get("/api/v1/audit/facts?subject=operators-logged").text();
          assertFalse(facts.contains(token));
          return facts.contains("operator.added") && facts.contains("operator.removed");
        });
  }

  @ParameterizedTest
  @CsvSource({
    "a b, auditor, plant-7, 422, invalid-operator",
    "operators-bad, king, plant-7, 400, malformed",
    "operators-bad, auditor, 'a,b', 422, invalid-operator",
    "operators-bad, administrator, plant-7, 422, invalid-operator",
    "admin, auditor, plant-7, 409, operator-exists"
  })
  void whatNoOperatorCanBeIsRefused(
      String name, String role, String site, int status, String problem) {
    JsonNode refusal = administrator
        .send(
            "POST", OPERATORS, Map.of("name", name, "roles", List.of(role), "sites", List.of(site)))
        .expect(status)
        .json();
    assertTrue(refusal.get("type").asText().endsWith(problem), refusal::toString);
  }

  private JsonNode add(String name, String role, @org.jspecify.annotations.Nullable String site) {
    return administrator
        .send(
            "POST",
            OPERATORS,
            Map.of(
                "name",
                name,
                "roles",
                List.of(role),
                "sites",
                site == null ? List.of() : List.of(site)))
        .expect(201)
        .json();
  }
}

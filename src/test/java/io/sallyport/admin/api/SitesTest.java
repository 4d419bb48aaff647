package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Person;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import java.io.IOException;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** People who are bound to sites: what is elsewhere is for them as if it did not exist. */
@QuarkusTest
class SitesTest extends ServerTest {
  private static final String HERE = "sites north";
  private static final String ALSO_HERE = "sites west";
  private static final String ELSEWHERE = "sites south";
  private static final List<String> ALL_BUT_ADMINISTRATOR = List.of(
      "authority-administrator", "fleet-operator", "line-operator", "policy-author", "auditor");

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private HttpClient client;

  @SuppressWarnings("NullAway.Init")
  private Person bound;

  @SuppressWarnings("NullAway.Init")
  private Person everywhere;

  /** Enrolled, on the plant's usual site, which is neither of the bound person's. */
  @SuppressWarnings("NullAway.Init")
  private Unit elsewhere;

  @SuppressWarnings("NullAway.Init")
  private String south;

  private final List<String> here = new ArrayList<>();

  @BeforeEach
  void open() {
    if (plant != null) {
      return;
    }
    plant = Plant.open(wire, "sites");
    client = wire.client(null);
    bound = Person.operator(
        wire, client, "sites-bound", ALL_BUT_ADMINISTRATOR, List.of(HERE, ALSO_HERE));
    everywhere =
        Person.operator(wire, client, "sites-everywhere", ALL_BUT_ADMINISTRATOR, List.of());
    elsewhere = plant.enrolled("sites-elsewhere");
    for (int i = 0; i < 3; i++) {
      here.add(registered(everywhere, "sites-north-" + i, HERE));
      here.add(registered(bound, "sites-west-" + i, ALSO_HERE));
    }
    south = registered(everywhere, "sites-south", ELSEWHERE);
  }

  @AfterAll
  void close() {
    plant.close();
    client.close();
  }

  @Test
  void everyOperationOnADeviceElsewhereIsAnsweredAsIfThereWereNone() throws IOException {
    JsonNode paths =
        new YAMLMapper().readTree(bound.get("/api/v1/openapi").body()).get("paths");
    List<Executable> checks = new ArrayList<>();
    String absent = "0199f0a0-0000-7000-8000-0000000000aa";
    paths.properties().stream()
        .filter(path -> path.getKey().startsWith("/api/v1/devices/{id}"))
        .forEach(path -> path.getValue().fieldNames().forEachRemaining(method -> {
          String verb = method.toUpperCase(Locale.ROOT);
          Object body = switch (verb) {
            case "PUT" -> Map.of("secret", "AAECAwQFBgcICQoLDA0ODw==");
            case "POST" ->
              path.getKey().endsWith("/addresses")
                  ? Map.of("address", "10.20.30.40", "lifetime", "PT5M")
                  : Map.of("reason", "test");
            default -> null;
          };
          String concrete = path.getKey().replaceAll("\\{(?!id})[a-z_]+}", absent);
          checks.add(() -> {
            Answer theirs = bound.send(verb, concrete.replace("{id}", elsewhere.id()), body);
            Answer none = bound.send(verb, concrete.replace("{id}", absent), body);
            assertEquals(404, theirs.status(), verb + path.getKey() + theirs);
            assertEquals(none.text().replace(absent, elsewhere.id()), theirs.text());
          });
        }));
    assertTrue(checks.size() >= 5, "the description has the device's operations");
    assertAll(checks);
    assertEquals(
        "active",
        everywhere.get("/api/v1/devices/" + elsewhere.id()).json().get("state").asText());
  }

  @Test
  void whatBelongsToADeviceElsewhereIsHiddenToo() {
    JsonNode certificate =
        everywhere.get("/api/v1/devices/" + elsewhere.id()).json().at("/certificates/0");
    String path = "/api/v1/certificates/" + certificate.get("authority").asText() + "/"
        + certificate.get("serial").asText();
    assertAll(
        () -> assertEquals(200, everywhere.get(path).status()),
        () -> assertEquals(404, bound.get(path).status()),
        () -> assertEquals(
            404, bound.get("/api/v1/decisions?device=" + elsewhere.id()).status()),
        () -> assertEquals(403, bound.get("/api/v1/decisions").status()),
        () -> assertEquals(
            200, everywhere.get("/api/v1/decisions?device=" + elsewhere.id()).status()),
        () -> assertEquals(
            404,
            bound
                .send("POST", path + "/revoke", Map.of("reason", "unspecified"))
                .status()),
        () -> assertEquals(
            404,
            bound
                .send("POST", "/api/v1/enrollment-tokens", Map.of("device", south))
                .status()),
        () -> assertEquals(
            404,
            bound
                .send("POST", "/api/v1/policies/explain", Map.of("device", south))
                .status()),
        () ->
            assertEquals(404, bound.get("/api/v1/audit/facts?subject=" + south).status()),
        () -> assertEquals(403, bound.get("/api/v1/audit/facts").status()),
        () -> assertEquals(
            200, bound.get("/api/v1/audit/facts?subject=" + here.getFirst()).status()));
  }

  @Test
  void aListHoldsWhatIsOnTheSitesAndNothingElsePageByPage() {
    assertEquals(new TreeSet<>(here), new TreeSet<>(all(bound, "/api/v1/devices?limit=2", "id")));
    assertEquals(List.of(), all(bound, "/api/v1/devices?limit=2&site=sites%20south", "id"));
    assertEquals(
        3, all(bound, "/api/v1/devices?limit=2&site=sites%20west", "id").size());
    assertTrue(all(everywhere, "/api/v1/devices?limit=500", "id").contains(south));
  }

  @Test
  void listsOfTokensAndCertificatesHoldThoseOfTheirDevicesAlone() {
    for (String device : here) {
      bound.send("POST", "/api/v1/enrollment-tokens", Map.of("device", device)).expect(201);
      everywhere
          .send("POST", "/api/v1/enrollment-tokens", Map.of("device", device))
          .expect(201);
    }
    everywhere
        .send("POST", "/api/v1/enrollment-tokens", Map.of("device", south))
        .expect(201);
    List<String> seen = all(bound, "/api/v1/enrollment-tokens?limit=5", "device");
    assertEquals(new TreeSet<>(here), new TreeSet<>(seen));
    assertEquals(2 * here.size(), seen.size());

    assertEquals(List.of(), all(bound, "/api/v1/certificates?limit=2", "subject"));
    Person atPlant =
        Person.operator(wire, client, "sites-plant-1", List.of("auditor"), List.of("plant-1"));
    List<String> subjects = all(atPlant, "/api/v1/certificates?limit=3", "subject");
    assertTrue(subjects.contains(elsewhere.id()));
    assertEquals(subjects.stream().sorted().toList(), subjects, "by device");
  }

  @Test
  void aPointThatGuardsOtherSitesIsHiddenAndOneThatGuardsAnyIsSeen() {
    point("sites-point-south", List.of(ELSEWHERE));
    point("sites-point-both", List.of(ELSEWHERE, HERE));
    List<String> seen = all(bound, "/api/v1/enforcement-points?limit=1", "name");
    assertTrue(seen.contains("sites-point-both"), seen::toString);
    assertTrue(seen.contains("sites-gate"), "guards every site");
    assertFalse(seen.contains("sites-point-south"), seen::toString);
    assertEquals(404, bound.get("/api/v1/enforcement-points/sites-point-south").status());
    assertEquals(200, bound.get("/api/v1/enforcement-points/sites-point-both").status());
    assertEquals(
        200, everywhere.get("/api/v1/enforcement-points/sites-point-south").status());
  }

  private void point(String name, List<String> sites) {
    everywhere
        .send(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name",
                name,
                "kind",
                "authzen",
                "settings",
                Map.of("sites", sites),
                "csr",
                TestPki.pem(
                    "CERTIFICATE REQUEST", TestPki.request(TestPki.key(), "CN=" + name, null))))
        .expect(201);
  }

  @Test
  void nobodyRegistersIntoASiteThatIsNotTheirs() {
    assertEquals(403, register(bound, "sites-intruder", ELSEWHERE).status());
    assertFalse(all(everywhere, "/api/v1/devices?text=sites-intruder", "id").size() > 0);
  }

  @Test
  void whatConcernsEverySiteIsNotForWhoeverIsBoundToSome() {
    String policy = """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: sites-policy}
        spec:
          selector: {site: nowhere}
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
        """;
    assertEquals(
        403,
        bound
            .send("PUT", "/api/v1/policies/sites-policy", policy, "application/yaml")
            .status());
    everywhere
        .send("PUT", "/api/v1/policies/sites-policy", policy, "application/yaml")
        .expect(200);
    assertEquals(
        403, bound.send("DELETE", "/api/v1/policies/sites-policy", null).status());
    assertEquals(200, bound.get("/api/v1/policies/sites-policy").status());
    everywhere.send("DELETE", "/api/v1/policies/sites-policy", null).expect(204);
  }

  private List<String> all(Person person, String path, String field) {
    List<String> found = new ArrayList<>();
    String cursor = "";
    do {
      JsonNode page = person.get(path + cursor).expect(200).json();
      page.get("items").forEach(item -> found.add(item.get(field).asText()));
      cursor = page.get("next").isNull() ? "" : "&cursor=" + page.get("next").asText();
    } while (!cursor.isEmpty());
    return found;
  }

  private String registered(Person person, String serial, String site) {
    return register(person, serial, site).expect(201).json().get("id").asText();
  }

  private Answer register(Person person, String serial, String site) {
    Map<String, Object> device = new HashMap<>(Map.of(
        "manufacturer",
        plant.manufacturer().name(),
        "model",
        "C1",
        "serial_number",
        serial,
        "profile",
        plant.name(),
        "owner",
        "sites",
        "site",
        site));
    return person.send("POST", "/api/v1/devices", device);
  }
}

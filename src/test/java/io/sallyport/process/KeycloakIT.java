package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Browser;
import io.sallyport.testing.Keycloak;
import io.sallyport.testing.Person;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** People and enforcement points of a real Keycloak, which starts after the server that relies on it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("NullAway.Init")
class KeycloakIT {
  private static final String REALM = "plant";
  private static final String API = "sallyport-api";
  private static final String PASSWORD = "a password for tests";
  private static final String SESSION = "__Host-sallyport-session";
  private static final String NORTH = "hall north";
  private static final String SOUTH = "hall south";
  private static final Pattern ACTION = Pattern.compile("action=\"([^\"]+)\"");

  @TempDir
  static Path folder;

  private Keycloak keycloak;
  private ServerProcess server;
  private Wire wire;
  private HttpClient client;
  private Person administrator;
  private String north;
  private String south;

  private Answer bearerBefore;
  private Answer signInBefore;
  private Answer dryBefore;
  private Answer dry;
  private int realmAfterDry;
  private Answer first;
  private Answer second;

  @BeforeAll
  void start() throws IOException {
    keycloak = Keycloak.prepare(folder);
    Path password = Files.writeString(folder.resolve("kc.password"), Keycloak.PASSWORD + "\n");
    server = ServerProcess.start(
        folder.resolve("data"),
        Map.of(
            "SALLYPORT_OIDC_URL",
            keycloak.url() + "/realms/" + REALM,
            "SALLYPORT_KEYCLOAK_ADMIN_USER",
            Keycloak.ADMINISTRATOR,
            "SALLYPORT_KEYCLOAK_ADMIN_PASSWORD_FILE",
            password.toString()));
    wire = server.wire();
    client = wire.client(null);
    administrator = new Person(client, wire.people(), server.file("admin.token"));
    bearerBefore =
        new Person(client, wire.people(), "eyJhbGciOiJSUzI1NiJ9.e30.AAAA").get("/api/v1/devices");
    signInBefore = new Browser(client).get(at("/console/sign-in"));
    register();
    dryBefore = apply(true);

    keycloak.start();
    dry = apply(true).expect(200);
    realmAfterDry = keycloak.admin("GET", "/" + REALM, null).status();
    first = apply(false).expect(200);
    second = apply(false).expect(200);
    people();
  }

  private void register() {
    Manufacturer works = TestPki.manufacturer("keycloak works");
    wire.register(works);
    wire.document("/api/v1/profiles/keycloak", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: keycloak}
        spec:
          certificateProfiles: [device]
        """);
    north = device(works, "kc-1", NORTH);
    south = device(works, "kc-2", SOUTH);
  }

  private String device(Manufacturer works, String serial, String site) {
    return administrator
        .send(
            "POST",
            "/api/v1/devices",
            Map.of(
                "manufacturer",
                works.name(),
                "model",
                "C1",
                "serial_number",
                serial,
                "profile",
                "keycloak",
                "owner",
                "kc",
                "site",
                site))
        .expect(201)
        .json()
        .get("id")
        .asText();
  }

  private void people() {
    String ada = keycloak.person(REALM, "ada", PASSWORD, List.of("/sites/" + NORTH));
    keycloak.clientRole(REALM, ada, API, "fleet-operator");
    String grace = keycloak.person(REALM, "grace", PASSWORD, List.of());
    keycloak.clientRole(REALM, grace, API, "auditor");
    keycloak.person(REALM, "nobody", PASSWORD, List.of());
    // Only so that the test gets tokens without a browser.
    String direct = Keycloak.id(keycloak
        .admin("POST", "/" + REALM + "/clients", directClient("it-direct"))
        .expect(201));
    String scopes = "/" + REALM + "/clients/" + direct + "/default-client-scopes/";
    keycloak.admin("PUT", scopes + scope("sallyport"), null).expect(204);
    // Ours alone must bring the roles.
    keycloak.admin("DELETE", scopes + scope("roles"), null).expect(204);
    keycloak
        .admin("POST", "/" + REALM + "/clients", directClient("it-elsewhere"))
        .expect(201);
    String theirs = keycloak.person(REALM, "theirs", PASSWORD, List.of());
    keycloak.realmRole(REALM, theirs, "administrator");
    keycloak.makeClientRole(REALM, "it-elsewhere", "administrator");
    keycloak.clientRole(REALM, theirs, "it-elsewhere", "administrator");
  }

  private static Map<String, Object> directClient(String id) {
    return Map.of(
        "clientId", id,
        "publicClient", true,
        "standardFlowEnabled", false,
        "directAccessGrantsEnabled", true);
  }

  private String scope(String name) {
    for (JsonNode scope :
        keycloak.admin("GET", "/" + REALM + "/client-scopes", null).json()) {
      if (scope.get("name").asText().equals(name)) {
        return scope.get("id").asText();
      }
    }
    throw new AssertionError("there is no client scope " + name);
  }

  @AfterAll
  void stop() {
    if (client != null) {
      client.close();
    }
    if (server != null) {
      server.close();
    }
    if (keycloak != null) {
      keycloak.close();
    }
  }

  @Test
  void theServerStartsWithoutTheRealmAndSaysSoToWhoeverNeedsIt() {
    assertAll(
        () -> assertEquals(503, bearerBefore.status()),
        () -> assertTrue(bearerBefore.text().contains("realm-away"), bearerBefore::text),
        () -> assertFalse(bearerBefore.header("Retry-After").isEmpty()),
        () -> assertEquals(503, signInBefore.status()),
        () -> assertTrue(signInBefore.text().contains("name=\"password\""), "a way in remains"),
        () -> assertEquals(503, dryBefore.status()),
        () -> assertFalse(Files.exists(server.data().resolve("console-link"))));
  }

  @Test
  void aDryRunSaysWhatARunDoesAndTheSecondRunDoesNothing() {
    List<String> told = changes(dry);
    assertEquals(404, realmAfterDry);
    assertEquals(told, changes(first));
    assertEquals(List.of(), changes(second));
    assertEquals(List.of(), changes(apply(true)));
    assertAll(List.of(
            "create realm plant",
            "create role line-operator of client sallyport-api",
            "create client sallyport-api",
            "create client sallyport-console",
            "create client sallyport-cli",
            "create mapper sallyport groups",
            "create mapper sallyport roles",
            "create group /sites/hall north")
        .stream()
        .map(change -> () -> assertTrue(told.contains(change), told::toString)));
  }

  @Test
  void whatSomebodyChangedByHandIsPutRight() {
    JsonNode console = keycloak
        .admin("GET", "/" + REALM + "/clients?clientId=sallyport-console", null)
        .json()
        .get(0);
    ((com.fasterxml.jackson.databind.node.ObjectNode) console)
        .putArray("redirectUris")
        .add("https://elsewhere.example/*");
    keycloak
        .admin("PUT", "/" + REALM + "/clients/" + console.get("id").asText(), console)
        .expect(204);
    assertEquals(List.of("change client sallyport-console: redirect URIs"), changes(apply(false)));
    assertEquals(List.of(), changes(apply(false)));
  }

  @Test
  void aBearerTokenCarriesRolesAndSites() {
    Person ada = bearer("ada");
    assertAll(
        () -> assertEquals(200, ada.get("/api/v1/devices/" + north).status()),
        () -> assertEquals(404, ada.get("/api/v1/devices/" + south).status()),
        () -> assertEquals(1, ada.get("/api/v1/devices").json().get("items").size()),
        () -> assertEquals(
            200,
            ada.send("POST", "/api/v1/devices/" + north + "/suspend", Map.of("reason", "a test"))
                .status()),
        () -> assertEquals(403, ada.get("/api/v1/operators").status()),
        () -> assertEquals(403, ada.get("/api/v1/audit/facts").status()));
    Person grace = bearer("grace");
    assertAll(
        () -> assertEquals(200, grace.get("/api/v1/devices/" + south).status()),
        () -> assertTrue(
            grace.get("/api/v1/audit/facts?subject=" + north).text().contains("operator:oidc:ada")),
        () -> assertEquals(403, bearer("nobody").get("/api/v1/devices").status()));
  }

  @Test
  void anAdministratorOfTheRealmOrOfAnotherApplicationIsNotOurs() {
    Person theirs = bearer("theirs");
    assertAll(
        () -> assertEquals(403, theirs.get("/api/v1/devices").status()),
        () -> assertEquals(403, theirs.get("/api/v1/operators").status()));
    Browser browser = new Browser(client);
    signIn(browser, "theirs");
    assertEquals(403, browser.get(at("/console/devices")).status());
  }

  @Test
  void aTokenThatIsNotMeantForThisServerIsRefused() {
    JsonNode good = tokens("it-direct", "ada");
    String access = good.get("access_token").asText();
    List<String> parts = List.of(access.split("\\."));
    String none = java.util.Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString("{\"alg\":\"none\"}".getBytes(java.nio.charset.StandardCharsets.UTF_8))
        + "." + parts.get(1) + ".";
    String other = tokens("it-elsewhere", "ada").get("access_token").asText();
    String master = keycloak
        .token(
            "master",
            Map.of(
                "grant_type",
                "password",
                "client_id",
                "admin-cli",
                "username",
                Keycloak.ADMINISTRATOR,
                "password",
                Keycloak.PASSWORD))
        .json()
        .get("access_token")
        .asText();
    assertEquals(200, devices(access));
    assertAll(
        () -> assertEquals(401, devices(other), "another audience"),
        () -> assertEquals(401, devices(master), "another realm"),
        () -> assertEquals(401, devices(good.get("id_token").asText()), "an identity token"),
        () -> assertEquals(401, devices(good.get("refresh_token").asText()), "a refresh token"),
        () -> assertEquals(401, devices(none), "unsigned"),
        () -> assertEquals(
            401,
            devices(parts.get(0) + "." + parts.get(1) + "." + other.split("\\.")[2]),
            "signed by another token's signature"));
  }

  @Test
  void aPersonSignsInToTheConsoleAndOutAgain() {
    Browser browser = new Browser(client);
    Answer home = signIn(browser, "ada").expect(303);
    assertEquals("/console", URI.create(home.header("Location")).getPath());
    assertTrue(home.headers().allValues("Set-Cookie").stream()
        .anyMatch(cookie -> cookie.startsWith(SESSION) && cookie.contains("SameSite=Lax")));
    assertEquals(404, browser.get(at("/console/inside")).status(), "signed in, no such page");
    assertEquals(200, browser.get(at("/console/devices")).status(), "with a role");

    Browser copy = new Browser(client);
    copy.setCookie(at(""), SESSION, browser.cookie(at(""), SESSION));
    assertEquals(403, browser.post(at("/console/sign-out"), Map.of()).status());
    String csrf = io.sallyport.kernel.Digest.of(("console form\n" + browser.cookie(at(""), SESSION))
            .getBytes(java.nio.charset.StandardCharsets.UTF_8))
        .base64Url();
    Answer out = browser.post(at("/console/sign-out"), Map.of("csrf", csrf)).expect(200);
    assertTrue(out.text().contains(keycloak.url() + "/realms/plant/"), out::text);
    assertEquals(303, copy.get(at("/console/inside")).status());
  }

  @Test
  void aSignInThatWasNotBegunByThisBrowserIsRefused() {
    Browser browser = new Browser(client);
    URI back = arrival(browser, "ada");
    assertEquals(403, new Browser(client).get(back).status(), "no cookie");

    Browser attacker = new Browser(client);
    attacker.get(at("/console/sign-in")).expect(303);
    assertEquals(403, attacker.get(back).status(), "another flow's state");
    Browser forger = new Browser(client);
    forger.setCookie(at(""), "__Host-sallyport-flow", "AAAA");
    assertEquals(403, forger.get(back).status(), "a forged flow");

    String flow = browser.cookie(at(""), "__Host-sallyport-flow");
    browser.get(back).expect(303);
    Browser replay = new Browser(client);
    replay.setCookie(at(""), "__Host-sallyport-flow", flow);
    assertEquals(403, replay.get(back).status(), "a code that was used");
  }

  @Test
  void anEnforcementPointsServiceClientIsMadeRotatedAndDisabled() {
    KeyPair keys = TestPki.key();
    administrator
        .send(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name",
                "kc-gate",
                "kind",
                "authzen",
                "csr",
                TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=kc-gate", null))))
        .expect(201);
    String path = "/api/v1/keycloak/service-clients/kc-gate";
    assertEquals(404, administrator.send("POST", path + "/rotate", null).status());
    JsonNode made = administrator.send("POST", path, null).expect(201).json();
    String token = credentials(made).expect(200).json().get("access_token").asText();
    assertEquals(401, devices(token), "it is no person");

    JsonNode rotated =
        administrator.send("POST", path + "/rotate", null).expect(200).json();
    assertNotEquals(made.get("client_secret"), rotated.get("client_secret"));
    assertEquals(401, credentials(made).status());
    assertEquals(200, credentials(rotated).status());

    administrator.send("DELETE", path, null).expect(204);
    assertEquals(401, credentials(rotated).status());
    JsonNode again = administrator.send("POST", path, null).expect(201).json();
    assertEquals(200, credentials(again).status());

    administrator.send("DELETE", "/api/v1/enforcement-points/kc-gate", null).expect(204);
    assertEquals(200, credentials(again).status(), "the client outlives its point");
    assertEquals(404, administrator.send("POST", path + "/rotate", null).status());
    administrator.send("DELETE", path, null).expect(204);
    assertEquals(401, credentials(again).status());
    assertEquals(
        404,
        administrator
            .send("DELETE", "/api/v1/keycloak/service-clients/nobody", null)
            .status());
    assertEquals(
        404,
        administrator
            .send("POST", "/api/v1/keycloak/service-clients/nobody", null)
            .status());
  }

  private Answer credentials(JsonNode serviceClient) {
    return keycloak.token(
        REALM,
        Map.of(
            "grant_type", "client_credentials",
            "client_id", serviceClient.get("client_id").asText(),
            "client_secret", serviceClient.get("client_secret").asText()));
  }

  private Answer signIn(Browser browser, String name) {
    return browser.get(arrival(browser, name));
  }

  /** Goes as far as the address to which the realm sends the browser back. */
  private URI arrival(Browser browser, String name) {
    URI realm = URI.create(browser.get(at("/console/sign-in")).expect(303).header("Location"));
    assertTrue(realm.getQuery().contains("code_challenge_method=S256"), realm::toString);
    Answer form = browser.get(realm).expect(200);
    Matcher action = ACTION.matcher(form.text());
    assertTrue(action.find(), form::text);
    Answer sent = browser
        .post(
            URI.create(action.group(1).replace("&amp;", "&")),
            Map.of("username", name, "password", PASSWORD, "credentialId", ""))
        .expect(302);
    return URI.create(sent.header("Location"));
  }

  private Person bearer(String name) {
    return new Person(
        client, wire.people(), tokens("it-direct", name).get("access_token").asText());
  }

  private JsonNode tokens(String clientId, String name) {
    return keycloak
        .token(
            REALM,
            Map.of(
                "grant_type", "password",
                "client_id", clientId,
                "scope", "openid",
                "username", name,
                "password", PASSWORD))
        .expect(200)
        .json();
  }

  private int devices(String token) {
    return new Person(client, wire.people(), token).get("/api/v1/devices").status();
  }

  private Answer apply(boolean dryRun) {
    return administrator.send(
        "POST",
        "/api/v1/keycloak/realm",
        Map.of("dry_run", dryRun, "consoles", List.of(wire.people())));
  }

  private static List<String> changes(Answer applied) {
    java.util.ArrayList<String> changes = new java.util.ArrayList<>();
    applied.expect(200).json().get("changes").forEach(change -> changes.add(change.asText()));
    return changes;
  }

  private URI at(String path) {
    return URI.create(wire.people() + path);
  }
}

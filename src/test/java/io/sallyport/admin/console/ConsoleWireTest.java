package io.sallyport.admin.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Actor;
import io.sallyport.people.Operators;
import io.sallyport.people.Operators.Role;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.PostgresResource;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the console refuses, whatever a browser shows. */
@QuarkusTest
class ConsoleWireTest extends ServerTest {
  private static final String ADMIN = PostgresResource.ADMIN_TOKEN;
  private static final String AUDITOR = "console-auditor-token-0123456789abcdef";
  private static final String ELSEWHERE = "console-elsewhere-token-0123456789abcdef";

  @Inject
  Operators operators;

  private @Nullable Plant plant;
  private @Nullable HttpClient client;

  @BeforeEach
  void open() {
    if (plant == null) {
      plant = Plant.open(wire, "console-wire");
      client = wire.client(null);
      operators.add("console-auditor", Set.of(Role.AUDITOR), Set.of(), AUDITOR, Actor.SERVER);
      operators.add(
          "console-elsewhere",
          Set.of(Role.FLEET_OPERATOR, Role.AUDITOR, Role.POLICY_AUTHOR),
          Set.of("plant-9"),
          ELSEWHERE,
          Actor.SERVER);
    }
  }

  @AfterAll
  void leave() {
    if (plant != null && client != null) {
      client.close();
      plant.close();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/console",
        "/console/devices",
        "/console/devices/not-an-id",
        "/console/nothing-here",
        "/console/assets/0/console.css"
      })
  void tellsTheBrowserToRunNothingForeign(String path) {
    HttpResponse<String> answer = get(ADMIN, path);
    assertEquals(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        header(answer, "Content-Security-Policy"));
    assertEquals("nosniff", header(answer, "X-Content-Type-Options"));
    assertEquals("same-origin", header(answer, "Referrer-Policy"));
    assertEquals("same-origin", header(answer, "Cross-Origin-Opener-Policy"));
    assertEquals("no-store", header(answer, "Cache-Control"));
  }

  @Test
  void letsNobodyInWithoutASession() {
    HttpResponse<String> answer =
        send(HttpRequest.newBuilder(URI.create(wire.people() + "/console")));
    assertTrue(Set.of(303, 401).contains(answer.statusCode()), "status " + answer.statusCode());
    assertFalse(answer.body().contains("Fleet by state"));
    assertTrue(header(answer, "Content-Security-Policy").startsWith("default-src 'none'"));
  }

  @Test
  void assetsAreKeptForEverUnderTheirVersionOnly() {
    String page = get(ADMIN, "/console").body();
    Matcher style = Pattern.compile("href=\"(/console/assets/[0-9a-f]{16}/tabler.min.css)\"")
        .matcher(page);
    assertTrue(style.find());
    for (String name : List.of(
        "tabler.min.css", "console.css", "htmx.min.js", "theme.js", "console.js", "mark.svg")) {
      String path = style.group(1).replace("tabler.min.css", name);
      HttpResponse<String> asset = send(HttpRequest.newBuilder(URI.create(wire.people() + path)));
      assertEquals(200, asset.statusCode(), name);
      assertEquals("public, max-age=31536000, immutable", header(asset, "Cache-Control"));
    }
    HttpResponse<String> other =
        send(HttpRequest.newBuilder(URI.create(wire.people() + "/console/assets/0/console.css")));
    assertEquals(200, other.statusCode());
    assertEquals("no-store", header(other, "Cache-Control"));
    HttpResponse<String> none =
        send(HttpRequest.newBuilder(URI.create(wire.people() + "/console/assets/0/pom.xml")));
    assertEquals(404, none.statusCode());
  }

  @Test
  void changesNothingWithoutTheSessionsToken() {
    Unit unit = plant().registered("CSRF-1");
    String act = "/console/devices/" + unit.id() + "/suspend";
    assertEquals(403, post(ADMIN, act, Map.of("reason", "x")).statusCode());
    assertEquals(403, post(ADMIN, act, Map.of("reason", "x", "csrf", "")).statusCode());
    assertEquals(
        403, post(ADMIN, act, Map.of("reason", "x", "csrf", token(AUDITOR))).statusCode());
    HttpResponse<String> foreign =
        send(form(ADMIN, act, Map.of("reason", "x", "csrf", token(ADMIN)))
            .header("Sec-Fetch-Site", "cross-site"));
    assertEquals(403, foreign.statusCode());
    assertTrue(foreign.body().contains("another site"));
    HttpResponse<String> old = send(form(ADMIN, act, Map.of("reason", "x", "csrf", token(ADMIN)))
        .header("Origin", "https://evil.example"));
    assertEquals(403, old.statusCode());
    assertEquals("expected", state(unit));
    plant().fact("/console/devices/{id}/suspend", "request.refused", "forbidden");

    assertEquals(
        303, post(ADMIN, act, Map.of("reason", "x", "csrf", token(ADMIN))).statusCode());
    assertEquals("suspended", state(unit));
  }

  @Test
  void renamesAndReplacesADevice() {
    Unit failed = plant().registered("SWAP-1");
    Unit spare = plant().registered("SWAP-2");
    String page = "/console/devices/" + failed.id();
    assertEquals(
        303,
        post(
                ADMIN,
                page + "/change",
                Map.of(
                    "name", "Dock camera",
                    "site", "plant-1",
                    "profile", plant().name(),
                    "reason", "drawing",
                    "csrf", token(ADMIN)))
            .statusCode());
    assertTrue(get(ADMIN, page).body().contains("<h1>Dock camera</h1>"));
    Map<String, String> swap =
        Map.of("spare", "SWAP-2", "reason", "no picture", "csrf", token(ADMIN));

    String replace = "/console/replacements/" + failed.id() + "/replace";
    assertEquals(400, post(ADMIN, replace, swap).statusCode());
    assertEquals("expected", state(failed));
    Map<String, String> confirmed = new java.util.HashMap<>(swap);
    confirmed.put("confirm", "SWAP-1");
    assertEquals(303, post(ADMIN, replace, confirmed).statusCode());

    assertEquals("decommissioned", state(failed));
    assertTrue(
        get(ADMIN, "/console/devices/" + spare.id()).body().contains("<h1>Dock camera</h1>"));
  }

  @Test
  void showsAndLetsDoWhatTheRoleMay() {
    Unit unit = plant().registered("ROLE-1");
    String page = get(AUDITOR, "/console/devices/" + unit.id()).body();
    assertTrue(page.contains("In the log"));
    assertFalse(page.contains("data-dialog"));
    String policy = get(AUDITOR, "/console/policies/console-wire").body();
    assertFalse(policy.contains("<textarea"));
    assertTrue(policy.contains("vms.plant.example"));
    for (String act : List.of(
        "/console/devices/" + unit.id() + "/quarantine",
        "/console/devices/" + unit.id() + "/decommission",
        "/console/devices/" + unit.id() + "/change",
        "/console/replacements/" + unit.id() + "/replace",
        "/console/devices/" + unit.id() + "/certificates/devices/1/hold",
        "/console/devices/" + unit.id() + "/certificates/devices/1/release",
        "/console/policies",
        "/console/policies/console-wire/remove",
        "/console/enforcement-points",
        "/console/enforcement-points/console-wire-gate/remove")) {
      assertEquals(
          403, post(AUDITOR, act, Map.of("reason", "x", "csrf", token(AUDITOR))).statusCode(), act);
    }
    assertEquals(403, get(AUDITOR, "/console/policies/new").statusCode());
    assertEquals("expected", state(unit));
  }

  @Test
  void hidesWhatIsOnOtherSites() {
    Unit unit = plant().registered("SITE-1");
    assertFalse(get(ELSEWHERE, "/console/devices?text=SITE-").body().contains("SITE-1"));
    assertFalse(get(ELSEWHERE, "/console/devices?site=plant-1").body().contains("SITE-1"));
    for (String path : List.of(
        "/console/devices/" + unit.id(),
        "/console/live/devices/" + unit.id(),
        "/console/audit?subject=" + unit.id())) {
      HttpResponse<String> answer = get(ELSEWHERE, path);
      assertEquals(404, answer.statusCode(), path);
      assertFalse(answer.body().contains("SITE-1"), path);
    }
    assertFalse(get(ELSEWHERE, "/console/explain?device=" + unit.id()).body().contains("SITE-1"));
    assertEquals(
        404,
        post(
                ELSEWHERE,
                "/console/devices/" + unit.id() + "/suspend",
                Map.of("reason", "x", "csrf", token(ELSEWHERE)))
            .statusCode());
    assertEquals(
        403,
        post(ELSEWHERE, "/console/policies", Map.of("text", "", "csrf", token(ELSEWHERE)))
            .statusCode());
    assertTrue(get(ELSEWHERE, "/console/audit").body().contains("Name one of your devices"));
    long position = plant().fact(unit.id(), "device.registered").get("position").asLong();
    assertEquals(404, get(ELSEWHERE, "/console/audit/facts/" + position).statusCode());
    assertEquals("expected", state(unit));
  }

  @Test
  void hidesPointsThatGuardOtherSitesOnly() {
    plant()
        .person(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name",
                "console-wire-plant-1",
                "kind",
                "list",
                "settings",
                Map.of("sites", List.of("plant-1")),
                "csr",
                TestPki.pem(
                    "CERTIFICATE REQUEST",
                    TestPki.request(TestPki.key(), "CN=console-wire-plant-1", null))))
        .expect(201);
    String list = get(ELSEWHERE, "/console/enforcement-points").body();
    assertTrue(list.contains("console-wire-gate"), "this one guards every site");
    assertFalse(list.contains("console-wire-plant-1"));
    assertEquals(
        404, get(ELSEWHERE, "/console/enforcement-points/console-wire-plant-1").statusCode());
    assertEquals(
        200, get(AUDITOR, "/console/enforcement-points/console-wire-plant-1").statusCode());
    String certificate = "/console/enforcement-points/console-wire-plant-1/certificate.pem";
    assertEquals(404, get(ELSEWHERE, certificate).statusCode());
    assertEquals(200, get(AUDITOR, certificate).statusCode());

    plant().registered("HIDDEN-1").become("suspend").expect(200);
    Patience.untilTrue(
        "the overview shows for whom it waits",
        () -> get(AUDITOR, "/console").body().contains("console-wire-plant-1"));
    assertFalse(get(ELSEWHERE, "/console").body().contains("console-wire-plant-1"));
  }

  @Test
  void takesNoCursorButItsOwn() {
    for (String path : List.of(
        "/console/devices?cursor=x",
        "/console/policies?cursor=%00",
        "/console/audit?cursor=x",
        "/console/devices?state=odd",
        "/console/devices?text=" + "x".repeat(600),
        "/console/devices/" + plant().registered("CUR-1").id() + "?decisions=x&grants=y")) {
      HttpResponse<String> answer = get(ADMIN, path);
      assertTrue(
          answer.statusCode() >= 400 && answer.statusCode() < 500,
          path + " gave " + answer.statusCode());
      assertTrue(header(answer, "Content-Type").startsWith("text/html"), path);
    }
  }

  @Test
  void pagesByCursor() {
    for (int i = 0; i < 55; i++) {
      plant().registered("PAGE-" + i);
    }
    String first =
        get(ADMIN, "/console/devices?profile=console-wire&text=PAGE-").body();
    assertEquals(50, first.split(">PAGE-", -1).length - 1);
    Matcher next = Pattern.compile("href=\"([^\"]*cursor=[^\"]*)\"").matcher(first);
    assertTrue(next.find());
    String second = get(ADMIN, next.group(1).replace("&amp;", "&")).body();
    assertEquals(5, second.split(">PAGE-", -1).length - 1);
  }

  private String state(Unit unit) {
    return wire.admin("GET", "/api/v1/devices/" + unit.id(), null).get("state").asText();
  }

  private String token(String bearer) {
    Matcher token = Pattern.compile("name=\"csrf-token\" content=\"([^\"]{20,})\"")
        .matcher(get(bearer, "/console/policies").body());
    assertTrue(token.find());
    return token.group(1);
  }

  private HttpResponse<String> get(String bearer, String path) {
    return send(HttpRequest.newBuilder(URI.create(wire.people() + path))
        .header("Authorization", "Bearer " + bearer));
  }

  private HttpResponse<String> post(String bearer, String path, Map<String, String> fields) {
    return send(form(bearer, path, fields));
  }

  private HttpRequest.Builder form(String bearer, String path, Map<String, String> fields) {
    String body = String.join(
        "&",
        fields.entrySet().stream()
            .map(field ->
                field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
            .toList());
    return HttpRequest.newBuilder(URI.create(wire.people() + path))
        .header("Authorization", "Bearer " + bearer)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(BodyPublishers.ofString(body));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return Objects.requireNonNull(client).send(request.build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static String header(HttpResponse<?> answer, String name) {
    return answer.headers().firstValue(name).orElse("none");
  }

  private Plant plant() {
    return Objects.requireNonNull(plant);
  }
}

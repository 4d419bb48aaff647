package io.sallyport.admin.console;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Browser;
import io.sallyport.testing.Person;
import io.sallyport.testing.ServerTest;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Signing in to the console with a password, and what may go wrong with it. */
@QuarkusTest
class SignInTest extends ServerTest {
  private static final String PASSWORD = "correct horse battery";
  private static final String SESSION = "__Host-sallyport-session";

  /** A page of the console that is for people who are signed in, which is not there. */
  private static final String INSIDE = "/console/inside";

  @SuppressWarnings("NullAway.Init")
  private HttpClient client;

  @BeforeEach
  void connect() {
    if (client == null) {
      client = wire.client(null);
    }
  }

  @AfterAll
  void disconnect() {
    client.close();
  }

  @Test
  void aLinkSetsAPasswordOnceAndSignsIn() {
    URI link = link("sign-in-first");
    Browser browser = new Browser(client);
    Answer form = browser.get(link).expect(200);
    assertTrue(form.text().contains("sign-in-first"));

    Answer set = setPassword(browser, link, form, PASSWORD).expect(303);
    assertEquals("/console", URI.create(set.header("Location")).getPath());
    assertSignedIn(browser);

    assertEquals(404, new Browser(client).get(link).status(), "the link is spent");
    Browser replay = new Browser(client);
    Answer spent = replay.get(link);
    String csrf = replay.cookie(link, "__Host-sallyport-form");
    assertEquals(404, spent.status());
    assertEquals(
        404,
        replay
            .post(
                link,
                Map.of(
                    "csrf",
                    csrf,
                    "password",
                    "x".repeat(7) + "abcdef",
                    "again",
                    "x".repeat(7) + "abcdef"))
            .status());
    assertSignedOut(replay);
  }

  @Test
  void aPasswordSignsInAndAWrongOneDoesNot() {
    withPassword("sign-in-ada");
    Browser browser = new Browser(client);
    Answer wrong = signIn(browser, "sign-in-ada", "wrong horse battery").expect(401);
    assertSignedOut(browser);
    Answer unknown = signIn(new Browser(client), "sign-in-nobody", PASSWORD).expect(401);
    assertTrue(wrong.text().contains("The name or the password is wrong."));
    assertTrue(unknown.text().contains("The name or the password is wrong."));

    Answer right = signIn(browser, "sign-in-ada", PASSWORD).expect(303);
    assertSignedIn(browser);
    String cookie = right.headers().allValues("Set-Cookie").stream()
        .filter(set -> set.startsWith(SESSION))
        .findFirst()
        .orElseThrow();
    assertAll(List.of("Secure", "HTTPOnly", "SameSite=Strict", "Path=/").stream()
        .map(attribute -> () -> assertTrue(cookie.contains(attribute), cookie)));
    assertFalse(cookie.contains("Domain"), cookie);
  }

  @Test
  void aSessionThatSomebodyElseChoseIsNotTaken() {
    withPassword("sign-in-fixed");
    Browser browser = new Browser(client);
    browser.setCookie(at(""), SESSION, "chosen-by-somebody-else-0123456789abcdefghi");
    signIn(browser, "sign-in-fixed", PASSWORD).expect(303);
    String first = browser.cookie(at(""), SESSION);
    assertNotEquals("chosen-by-somebody-else-0123456789abcdefghi", first);

    Browser left = new Browser(client);
    left.setCookie(at(""), SESSION, first);
    assertSignedIn(left);
    signIn(browser, "sign-in-fixed", PASSWORD).expect(303);
    assertNotEquals(first, browser.cookie(at(""), SESSION));
    assertSignedOut(left);
  }

  @Test
  void aCookieIsWorthNothingAfterSigningOut() throws SQLException {
    withPassword("sign-in-leaver");
    Browser browser = new Browser(client);
    signIn(browser, "sign-in-leaver", PASSWORD).expect(303);
    Browser copy = new Browser(client);
    copy.setCookie(at(""), SESSION, browser.cookie(at(""), SESSION));
    assertSignedIn(copy);

    assertEquals(403, browser.post(at("/console/sign-out"), Map.of()).status(), "no token");
    assertEquals(
        403,
        browser
            .post(
                at("/console/sign-out"),
                Map.of("csrf", browser.cookie(at(""), "__Host-sallyport-form") + "x"))
            .status());
    assertSignedIn(browser);
    browser
        .post(
            at("/console/sign-out"),
            Map.of("csrf", SessionCookie.formToken(browser.cookie(at(""), SESSION))))
        .expect(200);
    assertEquals("", browser.cookie(at(""), SESSION));
    assertSignedOut(copy);
  }

  @Test
  void aFormThatComesFromElsewhereIsRefused() {
    withPassword("sign-in-csrf");
    Browser victim = new Browser(client);
    Map<String, String> fields = Map.of("name", "sign-in-csrf", "password", PASSWORD);
    assertEquals(403, victim.post(at("/console/sign-in"), fields).status(), "no token, no cookie");
    Answer form = victim.get(at("/console/sign-in"));
    assertEquals(403, victim.post(at("/console/sign-in"), fields).status(), "no token");
    Map<String, String> whole =
        Map.of("name", "sign-in-csrf", "password", PASSWORD, "csrf", Browser.field(form, "csrf"));
    assertEquals(
        403, new Browser(client).post(at("/console/sign-in"), whole).status(), "no cookie");
    form = victim.get(at("/console/sign-in"));
    assertEquals(
        403,
        victim
            .post(
                at("/console/sign-in"),
                Map.of(
                    "name",
                    "sign-in-csrf",
                    "password",
                    PASSWORD,
                    "csrf",
                    Browser.field(form, "csrf")),
                "Sec-Fetch-Site",
                "cross-site")
            .status());
    assertSignedOut(victim);
  }

  @Test
  void aRemovedOperatorIsOutAtOnceAndSoIsWhoSetANewPassword() {
    withPassword("sign-in-removed");
    Browser removed = new Browser(client);
    signIn(removed, "sign-in-removed", PASSWORD).expect(303);
    assertSignedIn(removed);
    URI again = anotherLink("sign-in-removed");
    Browser elsewhere = new Browser(client);
    setPassword(elsewhere, again, elsewhere.get(again), "another horse battery").expect(303);
    assertSignedOut(removed);
    assertSignedIn(elsewhere);
    signIn(removed, "sign-in-removed", PASSWORD).expect(401);

    assertEquals(
        204,
        wire.send(
                null, wire.person("/api/v1/operators/sign-in-removed").DELETE().build())
            .statusCode());
    assertSignedOut(elsewhere);
    signIn(removed, "sign-in-removed", "another horse battery").expect(401);
  }

  @Test
  void aSessionEndsWhenItIsLeftAloneAndInAnyCase() throws SQLException {
    withPassword("sign-in-idle");
    Browser browser = new Browser(client);
    signIn(browser, "sign-in-idle", PASSWORD).expect(303);
    sql(
        "update console_session set seen_at = now() - interval '29 minutes' where operator = 'sign-in-idle'");
    assertSignedIn(browser);
    sql(
        "update console_session set seen_at = now() - interval '31 minutes' where operator = 'sign-in-idle'");
    assertSignedOut(browser);

    signIn(browser, "sign-in-idle", PASSWORD).expect(303);
    sql(
        "update console_session set ends_at = ends_at - interval '11 hours 59 minutes' where operator = 'sign-in-idle'");
    assertSignedIn(browser);
    sql(
        "update console_session set ends_at = ends_at - interval '2 minutes' where operator = 'sign-in-idle'");
    assertSignedOut(browser);
  }

  @Test
  void anOldLinkIsNotTaken() throws SQLException {
    URI link = link("sign-in-late");
    sql(
        "update console_link set expires_at = now() - interval '1 second' where operator = 'sign-in-late'");
    assertEquals(404, new Browser(client).get(link).status());
  }

  @Test
  void aWeakPasswordIsRefusedAndTheLinkStaysGood() {
    URI link = link("sign-in-weak");
    Browser browser = new Browser(client);
    for (String weak : List.of("short", "a".repeat(20), "abcdefg".repeat(40))) {
      Answer refused = setPassword(browser, link, browser.get(link), weak);
      assertEquals(422, refused.status(), weak);
    }
    setPassword(browser, link, browser.get(link).expect(200), PASSWORD).expect(303);
  }

  @Test
  void whoGuessesIsStoppedAndTheRightPasswordToo() {
    withPassword("sign-in-guessed");
    for (int i = 0; i < 5; i++) {
      signIn(new Browser(client), "sign-in-guessed", "guess number " + i).expect(401);
    }
    Answer stopped = signIn(new Browser(client), "sign-in-guessed", PASSWORD);
    // The minute may have turned between two guesses.
    if (stopped.status() == 303) {
      for (int i = 0; i < 5; i++) {
        signIn(new Browser(client), "sign-in-guessed", "guess number " + i);
      }
      stopped = signIn(new Browser(client), "sign-in-guessed", PASSWORD);
    }
    assertEquals(429, stopped.status());
    withPassword("sign-in-neighbour");
    signIn(new Browser(client), "sign-in-neighbour", PASSWORD).expect(303);
  }

  @Test
  void aSessionCountsUnderTheConsoleAlone() {
    withPassword("sign-in-api");
    Browser browser = new Browser(client);
    signIn(browser, "sign-in-api", PASSWORD).expect(303);
    assertEquals(401, browser.get(at("/api/v1/devices")).status());
    assertEquals(401, new Browser(client).get(at("/api/v1/devices")).status());
    Answer led = new Browser(client).get(at("/console")).expect(303);
    assertEquals("/console/sign-in", led.header("Location"));
    assertEquals(401, new Browser(client).post(at("/console/devices"), Map.of()).status());
  }

  @Test
  void thePagesAllowNothingFromElsewhere() {
    Answer page = new Browser(client).get(at("/console/sign-in")).expect(200);
    assertAll(
        () -> assertTrue(page.header("Content-Security-Policy").startsWith("default-src 'none'")),
        () -> assertTrue(page.header("Content-Security-Policy").contains("frame-ancestors 'none'")),
        () -> assertEquals("nosniff", page.header("X-Content-Type-Options")),
        () -> assertEquals("DENY", page.header("X-Frame-Options")),
        () -> assertEquals("no-referrer", page.header("Referrer-Policy")),
        () -> assertEquals("no-store", page.header("Cache-Control")),
        () -> assertEquals(
            200, new Browser(client).get(at("/console/assets/0/console.css")).status()));
  }

  @Test
  void aNameIsShownAsTextAndNothingElse() {
    Answer page = signIn(new Browser(client), "\"><script>alert(1)</script>", PASSWORD);
    assertEquals(401, page.status());
    assertFalse(page.text().contains("<script>"), page::text);
  }

  @Test
  void theFirstLinkIsInAFileOfTheOwnersAlone() throws Exception {
    Path data = Path.of(ConfigProvider.getConfig().getValue("sallyport.data", String.class));
    Path file = data.resolve("console-link");
    // Other tests of this application may have set a password, which takes the file away.
    if (Files.exists(file)) {
      assertEquals(
          "rw-------",
          java.nio.file.attribute.PosixFilePermissions.toString(
              Files.getPosixFilePermissions(file)));
      assertTrue(
          Files.readString(file).matches("https://localhost:\\d+/console/first/[\\w-]{43}\n"));
    }
    withPassword("sign-in-file");
    assertFalse(Files.exists(file), "gone when somebody has a password");
  }

  private void withPassword(String name) {
    URI link = link(name);
    Browser browser = new Browser(client);
    setPassword(browser, link, browser.get(link), PASSWORD).expect(303);
  }

  /** Registers an operator and makes a link for it. */
  private URI link(String name) {
    Person.operator(wire, client, name, List.of("auditor"), List.of());
    return anotherLink(name);
  }

  private URI anotherLink(String name) {
    return at(wire.admin("POST", "/api/v1/operators/" + name + "/console-link", null)
        .get("path")
        .asText());
  }

  private static Answer setPassword(Browser browser, URI link, Answer form, String password) {
    return browser.post(
        link, Map.of("csrf", Browser.field(form, "csrf"), "password", password, "again", password));
  }

  private Answer signIn(Browser browser, String name, String password) {
    Answer form = browser.get(at("/console/sign-in")).expect(200);
    return browser.post(
        at("/console/sign-in"),
        Map.of("csrf", Browser.field(form, "csrf"), "name", name, "password", password));
  }

  private void assertSignedIn(Browser browser) {
    assertEquals(404, browser.get(at(INSIDE)).status(), "signed in, and no such page");
  }

  private void assertSignedOut(Browser browser) {
    Answer answer = browser.get(at(INSIDE)).expect(303);
    assertEquals("/console/sign-in", answer.header("Location"));
  }

  private URI at(String path) {
    return URI.create(wire.people() + path);
  }

  private static void sql(String statement) throws SQLException {
    Config config = ConfigProvider.getConfig();
    try (Connection database = DriverManager.getConnection(
            config.getValue("sallyport.db-url", String.class),
            config.getValue("sallyport.db-user", String.class),
            config.getValue("sallyport.db-password", String.class));
        Statement sql = database.createStatement()) {
      assertTrue(sql.executeUpdate(statement) > 0, statement);
    }
  }
}

package io.sallyport.admin.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Chromium;
import io.sallyport.testing.Database;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Person;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.PostgresResource;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What people do in the console, in a real browser. */
@QuarkusTest
class ConsoleFlowsTest extends ServerTest {
  private @Nullable Chromium browser;
  private @Nullable Plant plant;

  @BeforeEach
  void open() {
    if (plant == null) {
      browser = Chromium.open();
      plant = Plant.open(wire, "console-flows");
    }
  }

  @AfterEach
  void nothingToComplainOf() {
    assertEquals(List.of(), browser().complaints());
  }

  @AfterAll
  void leave() {
    if (plant != null && browser != null) {
      browser.close();
      plant.close();
    }
  }

  @Test
  void searchAndFiltersStandInTheAddress() {
    plant().enrolled("FIND-1").become("quarantine").expect(200);
    plant().registered("FIND-2");
    plant().registered("OTHER-1");
    Page page = page();
    page.navigate("/console/devices?profile=console-flows");
    Locator rows = page.locator("#list tbody tr");

    page.getByLabel("Search").fill("FIND-");
    assertThat(rows).hasCount(2);
    assertTrue(page.url().contains("text=FIND-"), page.url());

    page.getByLabel("State").selectOption("quarantined");
    assertThat(rows).hasCount(1);
    assertThat(rows.first()).containsText("FIND-1");

    page.reload();
    assertThat(rows).hasCount(1);
    assertThat(page.getByLabel("Search")).hasValue("FIND-");
    rows.first().getByRole(AriaRole.LINK).click();
    assertThat(page.locator("h1")).hasText("FIND-1");
  }

  @Test
  void quarantineAndReleaseTakeAReason() {
    Unit unit = plant().attested("HOLD-1");
    Page page = page();
    page.navigate("/console/devices/" + unit.id());

    press(page, "Quarantine");
    Locator dialog = page.locator("dialog[open]");
    dialog.getByLabel("Reason").fill("seen on the wrong switch");
    browser().shoot(page, "dialog-light-1440");
    dialog.getByRole(AriaRole.BUTTON, named("Quarantine")).click();

    assertThat(tag(page)).hasText("quarantined");
    assertThat(page.locator("[data-toast]")).hasText("Quarantined");
    assertFalse(unit.may(Plant.VIDEO));
    assertThat(page.locator("#facts + *, .sp-list").last())
        .containsText("“seen on the wrong switch”");

    press(page, "Release");
    page.locator("dialog[open]").getByLabel("Reason").fill("looked at");
    page.locator("dialog[open]").getByRole(AriaRole.BUTTON, named("Release")).click();
    assertThat(tag(page)).hasText("active");
    assertTrue(unit.may(Plant.VIDEO));
  }

  @Test
  void aCertificateIsPutOnHoldAndReleased() {
    Unit unit = plant().attested("HELD-1");
    String serial = unit.identity().certificate().getSerialNumber().toString(16);
    Page page = page();
    page.navigate("/console/devices/" + unit.id());
    Locator certificates = page.locator("[aria-labelledby=certificates]");
    certificates.getByRole(AriaRole.BUTTON, named("Hold")).click();
    Locator dialog = page.locator("dialog[open]");
    assertThat(dialog).containsText(serial);
    browser().shoot(page, "hold-light-1440");
    dialog.getByRole(AriaRole.BUTTON, named("Hold")).click();

    assertThat(page.locator("[data-toast]")).hasText("The certificate is on hold");
    assertThat(certificates).containsText("on hold");
    assertFalse(unit.may(Plant.VIDEO));
    for (int width : new int[] {1440, 390}) {
      page.setViewportSize(width, 844);
      assertEquals(width, page.evaluate("document.documentElement.scrollWidth"));
      assertEquals(
          true, certificates.evaluate("card => card.scrollWidth <= card.clientWidth"), "cut off");
      browser().shoot(page, "held-light-" + width);
    }

    certificates.getByRole(AriaRole.BUTTON, named("Release")).click();
    browser().shoot(page, "release-light-390");
    page.locator("dialog[open]").getByRole(AriaRole.BUTTON, named("Release")).click();

    assertThat(page.locator("[data-toast]")).hasText("The certificate counts again");
    assertThat(certificates).containsText("live");
    assertTrue(unit.may(Plant.VIDEO));
    plant().fact(unit.id(), "certificate.released");
  }

  @Test
  void somebodyWithAPasswordSignsInActsAndSignsOut() {
    Unit unit = plant().enrolled("SESSION-1");
    try (var client = wire.client(null)) {
      Person.operator(wire, client, "console-operator", List.of("fleet-operator"), List.of());
    }
    String link = wire.admin("POST", "/api/v1/operators/console-operator/console-link", null)
        .get("path")
        .asText();
    Page page = browser().page(wire.people(), Map.of());
    page.navigate(link);
    page.getByLabel("Password, at least 12").fill("correct horse battery");
    page.getByLabel("The same again").fill("correct horse battery");
    press(page, "Set the password");
    assertThat(page.locator(".sp-who-name")).containsText("console-operator");

    page.navigate("/console/devices/" + unit.id());
    press(page, "Suspend");
    page.locator("dialog[open]").getByLabel("Reason").fill("a test");
    page.locator("dialog[open]").getByRole(AriaRole.BUTTON, named("Suspend")).click();
    assertThat(tag(page)).hasText("suspended");
    assertThat(page.locator("[aria-labelledby=facts]")).hasCount(0);

    page.getByLabel("Sign out").click();
    assertThat(page.locator("h1")).hasText("You are signed out");
    page.navigate("/console");
    assertThat(page.locator("h1")).hasText("Sign in to Sallyport");
    browser().shoot(page, "sign-in-light-1440");
    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
    page.setViewportSize(390, 844);
    assertThat(page.locator("html")).hasAttribute("data-bs-theme", "dark");
    assertEquals(390, page.evaluate("document.documentElement.scrollWidth"));
    browser().shoot(page, "sign-in-dark-390");
    page.getByLabel("Name").fill("console-operator");
    page.getByLabel("Password").fill("correct horse battery");
    press(page, "Sign in");
    assertThat(page.locator("h1")).hasText("Overview");
    assertThat(page.locator("main")).containsText("For auditors");
  }

  @Test
  void decommissionWantsTheSerialNumber() {
    Unit unit = plant().enrolled("GONE-1");
    Page page = page();
    page.navigate("/console/devices/" + unit.id());

    press(page, "Decommission");
    Locator dialog = page.locator("dialog[open]");
    Locator submit = dialog.getByRole(AriaRole.BUTTON, named("Decommission"));
    dialog.getByLabel("Reason").fill("sold");
    assertThat(submit).isDisabled();
    assertThat(dialog.getByLabel("In the revocation list")).hasValue("cessation-of-operation");
    dialog.getByLabel("Type the serial number").fill("GONE-1");
    submit.click();

    assertThat(tag(page)).hasText("decommissioned");
    assertThat(page.locator("[aria-labelledby=certificates]")).containsText("revoked");
    assertThat(page.locator("#acts button")).hasCount(0);
    assertThat(page.locator("[aria-labelledby=run]")).containsText("deny and revoke");
    browser().shoot(page, "device-decommissioned-light-1440");
  }

  @Test
  void aPolicyIsCheckedAtItsPlaceBeforeItApplies() {
    Page page = page();
    page.navigate("/console/policies/console-flows");
    Locator text = page.locator("textarea[name=text]");
    String good = text.inputValue();

    text.fill(good.replace("protocol: tcp", "protocol: tpc"));
    press(page, "Check");
    Locator fault = page.getByRole(AriaRole.ALERT);
    assertThat(fault).containsText("Line 9, column");
    assertThat(fault).containsText("\"tpc\" is not one of tcp, udp, icmp");
    browser().shoot(page, "policy-fault-light-1440");
    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
    page.setViewportSize(390, 844);
    browser().shoot(page, "policy-fault-dark-390");
    page.setViewportSize(1440, 900);

    text.fill(good.replace("PT10M", "PT9M"));
    press(page, "Check");
    assertThat(page.getByRole(AriaRole.STATUS).first()).containsText("No fault found");
    press(page, "Apply");
    assertThat(page.locator("[data-toast]")).hasText("Policy applied");
    assertThat(text).hasValue(good.replace("PT10M", "PT9M"));
  }

  @Test
  void nobodyOverwritesAPolicyThatTheyHaveNotSeen() {
    Page page = page();
    page.navigate("/console/policies/console-flows");
    plant().policy("PT7M");
    press(page, "Apply");
    assertThat(page.getByRole(AriaRole.ALERT)).containsText("changed by somebody else");
    // Chromium tells of any answer from 400 on.
    assertTrue(browser().complaints().stream().allMatch(line -> line.contains("409")));
  }

  @Test
  void anEarlierSetIsPutInForceAgain() {
    plant().policy("PT8M");
    plant().policy("PT9M");
    Page page = page();
    page.navigate("/console/policy-versions");
    Locator acts = page.locator("tbody tr");
    acts.nth(1).getByRole(AriaRole.LINK).first().click();
    assertThat(page.locator(".sp-diff .added")).containsText("PT8M");

    press(page, "Put this set in force again");
    Locator dialog = page.locator("dialog[open]");
    assertThat(dialog).containsText("console-flows: replaced");
    dialog.getByLabel("Why, for the history").fill("grants lived too long");
    browser().shoot(page, "rollback-light-1440");
    dialog.getByRole(AriaRole.BUTTON, named("Roll back")).click();

    assertThat(page.locator("[data-toast]")).hasText("The earlier policies are in force again");
    assertThat(acts.first()).containsText("rolled back");
    assertThat(acts.first()).containsText("grants lived too long");
    page.navigate("/console/policies/console-flows");
    assertTrue(page.locator("textarea[name=text]").inputValue().contains("PT8M"));
  }

  @Test
  void explainAnswersWithReasons() {
    Unit unit = plant().attested("WHY-1");
    Page page = page();
    page.navigate("/console/devices/" + unit.id());
    page.locator(".sp-actions")
        .getByRole(AriaRole.LINK, new Locator.GetByRoleOptions().setName("Explain"))
        .click();
    page.getByLabel("Peer").fill("vms.plant.example");
    page.getByLabel("Port").fill("8554");
    press(page, "Explain");
    Locator answer = page.locator("[aria-labelledby=answer]");
    assertThat(answer).containsText("permit");
    assertThat(answer).containsText("console-flows");

    page.getByLabel("Device").fill("WHY-1");
    page.getByLabel("Port").fill("22");
    press(page, "Explain");
    assertThat(answer).containsText("deny");
    assertThat(answer).containsText("What would turn it");
    assertThat(page.locator("[aria-labelledby=unmet]")).containsText("tcp vms.plant.example 8554");
    assertThat(page.locator("[aria-labelledby=facts]")).containsText("device.profile");
    browser().shoot(page, "explain-deny-light-1440");
    page.setViewportSize(390, 844);
    browser().shoot(page, "explain-deny-light-390");

    page.navigate("/console/devices/" + unit.id());
    Locator decisions = page.locator("[aria-labelledby=decisions] tbody tr");
    assertThat(decisions.first()).containsText("operator:admin");
  }

  @Test
  void anEnforcementPointIsAddedByItsRequestAndWithdrawn() {
    Page page = page();
    page.navigate("/console/enforcement-points/new");
    page.getByLabel("Name").fill("console-added");
    page.getByLabel("Kind").selectOption("nftables");
    page.getByLabel("Peers that it guards").fill("10.20.0.0/16, vms.plant.example");
    page.getByLabel("Certificate request").fill("not a request");
    press(page, "Add and certify");
    assertThat(page.getByRole(AriaRole.ALERT)).containsText("Paste one certificate request");
    assertTrue(browser().complaints().stream().allMatch(line -> line.contains("400")));

    page.getByLabel("Certificate request")
        .fill(TestPki.pem(
            "CERTIFICATE REQUEST", TestPki.request(TestPki.key(), "CN=console-added", null)));
    press(page, "Add and certify");
    assertThat(page.locator("h1")).hasText("console-added");
    assertThat(page.locator("[aria-labelledby=guards]"))
        .containsText("10.20.0.0/16, vms.plant.example");
    assertThat(page.locator("[aria-labelledby=certificates]")).containsText("live");
    browser().shoot(page, "point-nftables-light-1440");

    press(page, "Withdraw");
    page.locator("dialog[open]").getByLabel("Type the name").fill("console-added");
    page.locator("dialog[open]").getByRole(AriaRole.BUTTON, named("Withdraw")).click();
    assertThat(page.locator("h1")).hasText("Enforcement points");
    assertThat(page.locator("main")).not().containsText("console-added");
  }

  @Test
  void theLogIsVerifiedAgainstACheckpointThatWasKept() {
    Page page = page();
    page.navigate("/console/audit/verify");
    String kept = page.locator("[data-copy]", new Page.LocatorOptions().setHasText("Copy"))
        .getAttribute("data-copy");
    plant().registered("LATER-1");
    page.getByLabel("A checkpoint that was kept").fill(kept);
    press(page, "Check");
    assertThat(page.locator("[aria-labelledby=consistency]")).containsText("consistent");
    browser().shoot(page, "verify-good-light-1440");

    String[] lines = kept.split("\n", 3);
    page.getByLabel("A checkpoint that was kept")
        .fill(lines[0] + "\n" + (Long.parseLong(lines[1]) - 1) + "\n" + lines[2]);
    press(page, "Check");
    assertThat(page.locator("[aria-labelledby=consistency]")).containsText("not proven");

    page.navigate("/console/audit?kind=device.registered");
    page.locator("#list tbody tr a.main").first().click();
    // The newest fact may not be sealed yet.
    Patience.untilTrue("it is in the signed tree", () -> {
      page.reload();
      return page.locator("[aria-labelledby=inclusion]")
          .textContent()
          .contains("in the signed tree");
    });
  }

  @Test
  void anOpenPageFollowsWhatHappens() {
    Unit unit = plant().enrolled("LIVE-1");
    Page page = page();
    page.navigate("/console/devices/" + unit.id());
    assertThat(tag(page)).hasText("active");
    assertThat(page.locator("[data-lamp]")).hasText("Live");

    unit.become("quarantine").expect(200);
    assertThat(tag(page)).hasText("quarantined");
    assertThat(page.locator("#acts")).containsText("Release");
  }

  /** The inventory takes no markup; what stands in the table all the same, and what devices and people say, is escaped. */
  @Test
  void whatAnybodySaysIsNeverRun() throws SQLException {
    String evil = "\"><script>window.hacked=1</script><img src=x onerror=window.hacked=1>";
    Unit unit = plant().enrolled("EVIL-1");
    try (Connection database = Database.connect();
        PreparedStatement spoil = database.prepareStatement(
            "update device set owner = ?, site = ?, labels = jsonb_build_object('note', ?) where id = ?")) {
      spoil.setString(1, evil);
      spoil.setString(2, evil);
      spoil.setString(3, evil);
      spoil.setObject(4, UUID.fromString(unit.id()));
      spoil.executeUpdate();
      database.commit();
    }
    Map<String, Object> claims = unit.claims(unit.nonce(), Plant.GOOD);
    claims.put("swname", evil);
    unit.evidence(unit.sign(claims));
    unit.may(new Plant.Flow("<script>", "tcp", 1));
    plant()
        .person("POST", "/api/v1/devices/" + unit.id() + "/quarantine", Map.of("reason", evil))
        .expect(200);
    plant().fact(unit.id(), "device.quarantined");
    Page page = page();
    for (String path : List.of(
        "/console",
        "/console/devices?text=EVIL",
        "/console/devices?site=%22%3E%3Cscript%3Ewindow.hacked=1%3C/script%3E",
        "/console/audit?subject=" + unit.id(),
        "/console/explain?device=" + unit.id() + "&peer=%3Cscript%3E&protocol=tcp&port=1",
        "/console/devices/" + unit.id())) {
      page.navigate(path);
      assertEquals(0, page.locator("main script, main img[src=x]").count(), path);
      assertEquals(false, page.evaluate("'hacked' in window"), path);
    }
    assertThat(page.locator("[aria-labelledby=identity]")).containsText("note: " + evil);
    assertThat(page.locator("[aria-labelledby=facts]")).containsText("“" + evil + "”");
  }

  @Test
  void theThemeThatWasChosenStays() {
    Page page = page();
    page.navigate("/console/devices");
    page.getByLabel("Light or dark").click();
    assertThat(page.locator("html")).hasAttribute("data-bs-theme", "dark");
    page.navigate("/console/policies");
    assertThat(page.locator("html")).hasAttribute("data-bs-theme", "dark");
  }

  @Test
  void theMenuOpensOnANarrowScreen() {
    Page page = page();
    page.setViewportSize(390, 844);
    page.navigate("/console");
    Locator devices = page.getByRole(
            AriaRole.NAVIGATION, new Page.GetByRoleOptions().setName("Console"))
        .getByRole(AriaRole.LINK, new Locator.GetByRoleOptions().setName("Devices"));
    assertThat(devices).isHidden();
    page.getByLabel("Menu").click();
    assertThat(devices).isVisible();
    browser().shoot(page, "menu-light-390");
    devices.click();
    assertThat(page.locator("h1")).hasText("Devices");
  }

  @Test
  void whatIsNotThereIsSaidOnAPage() {
    Page page = page();
    page.navigate("/console/devices/00000000-0000-7000-8000-000000000000");
    assertThat(page.locator("main")).containsText("No device");
    assertThat(page.locator("main")).containsText(Pattern.compile("Status 404"));
    browser().shoot(page, "error-light-1440");
    assertTrue(browser().complaints().stream().allMatch(line -> line.contains("404")));
  }

  private static void press(Page page, String name) {
    page.locator("main").getByRole(AriaRole.BUTTON, named(name)).first().click();
  }

  private static Locator tag(Page page) {
    return page.locator("[aria-labelledby=identity] header .sp-tag");
  }

  private static Locator.GetByRoleOptions named(String name) {
    return new Locator.GetByRoleOptions().setName(name).setExact(true);
  }

  private Page page() {
    return browser()
        .page(wire.people(), Map.of("Authorization", "Bearer " + PostgresResource.ADMIN_TOKEN));
  }

  private Chromium browser() {
    return Objects.requireNonNull(browser);
  }

  private Plant plant() {
    return Objects.requireNonNull(plant);
  }
}

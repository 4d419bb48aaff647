package io.sallyport.admin.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Chromium;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.PostgresResource;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.security.KeyPair;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How devices come in and change hands, by people in a real browser. */
@QuarkusTest
class OnboardingFlowsTest extends ServerTest {
  private static final String HELD = "console-approved";

  private @Nullable Chromium browser;
  private @Nullable Plant plant;

  @BeforeEach
  void open() {
    if (plant == null) {
      browser = Chromium.open();
      plant = Plant.open(wire, "console-onboarding");
      wire.document("/api/v1/certificate-profiles/" + HELD, """
          apiVersion: sallyport.io/v1
          kind: CertificateProfile
          metadata: {name: %s}
          spec:
            subject: [{serialNumber: "${hardware.serialNumber}"}]
            extendedKeyUsages: [clientAuth]
            enrollment: {approval: manual}
          """.formatted(HELD));
      wire.document("/api/v1/profiles/" + HELD, """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: %s}
          spec: {certificateProfiles: [%s]}
          """.formatted(HELD, HELD));
      plant
          .person(
              "PUT",
              "/api/v1/manufacturers/console-onboarding%20works/first-contact-policy",
              Map.of(
                  "listed", "reject",
                  "unlisted", "hold",
                  "model", "C1",
                  "profile", "console-onboarding",
                  "owner", "operations",
                  "site", "plant-1"))
          .expect(200);
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
  void requestsAreApprovedAndRejected() {
    KeyPair wanted = TestPki.key();
    Identity good = asking("WAIT-1", wanted);
    KeyPair unwanted = TestPki.key();
    Identity bad = asking("WAIT-2", unwanted);
    Page page = page();
    page.navigate("/console/approvals");
    whole(page, "approvals-full");

    row(page, "WAIT-1").getByRole(AriaRole.BUTTON, named("Approve WAIT-1")).click();
    assertThat(page.locator("[data-toast]")).containsText("Approved");
    row(page, "WAIT-2").getByRole(AriaRole.BUTTON, named("Reject WAIT-2")).click();
    Locator dialog = page.locator("dialog[open]");
    assertThat(dialog).containsText("WAIT-2");
    dialog.getByLabel("Reason").fill("nobody ordered it");
    browser().shoot(page, "reject-light-1440");
    dialog.getByRole(AriaRole.BUTTON, named("Reject")).click();

    assertThat(page.locator("[data-toast]")).hasText("Rejected");
    assertThat(row(page, "WAIT-1")).hasCount(0);
    assertEquals(200, ask(good, wanted).statusCode());
    assertEquals(403, ask(bad, unwanted).statusCode());
    page.navigate("/console/approvals?state=rejected");
    assertThat(row(page, "WAIT-2")).containsText("nobody ordered it");
  }

  @Test
  void aUnitThatNobodyRegisteredIsRegistered() {
    Identity unit = plant().manufacturer().idevid("FOUND-1");
    assertEquals(202, first(unit).statusCode());
    Page page = page();
    page.navigate("/console/approvals");

    row(page, "FOUND-1").getByRole(AriaRole.BUTTON, named("Register FOUND-1")).click();
    Locator dialog = page.locator("dialog[open]");
    dialog.getByLabel("Owner").fill("night shift");
    dialog.getByRole(AriaRole.BUTTON, named("Register")).click();

    assertThat(page.locator("[data-toast]")).containsText("Registered");
    assertEquals(200, first(unit).statusCode());
    page.navigate("/console/approvals?state=approved");
    row(page, "FOUND-1").getByRole(AriaRole.LINK).first().click();
    assertThat(page.locator("[aria-labelledby=ownership]")).containsText("night shift");
  }

  @Test
  void aDevicePassesToAnotherOwner() {
    Unit unit = plant().enrolled("PASS-1");
    Page page = page();
    page.navigate("/console/devices/" + unit.id());
    press(page, "Pass on");
    page.locator("dialog[open]").getByLabel("Next owner").fill("harbor");
    page.locator("dialog[open]").getByRole(AriaRole.BUTTON, named("Pass on")).click();
    assertThat(page.locator("h1")).hasText("Released");
    String code = page.locator(".sp-mono code").first().textContent();
    whole(page, "released");
    press(page, "I have noted it", AriaRole.LINK);
    assertThat(page.locator("[aria-labelledby=ownership]")).containsText("may be claimed");

    page.navigate("/console/ownership/claim");
    page.getByLabel("Code").fill(code);
    page.getByLabel("New owner").fill("somebody else");
    page.getByLabel("Site").fill("plant-1");
    press(page, "Claim");
    assertThat(page.getByRole(AriaRole.ALERT)).containsText("Not claimed");
    assertEquals("", page.getByLabel("Code").inputValue(), "the code does not come back");
    // The browser complains of the status of the refused form.
    browser().complaints();
    page.getByLabel("Code").fill(code);
    page.getByLabel("New owner").fill("harbor");
    press(page, "Claim");

    assertThat(page.locator("[data-toast]")).hasText("Claimed");
    assertThat(page.locator("[aria-labelledby=ownership]")).containsText("claimed from operations");
    whole(page, "ownership");
  }

  @Test
  void aReturnedUnitComesBackAsAnotherDevice() {
    Unit unit = plant().enrolled("BACK-1");
    Page page = page();
    page.navigate("/console/devices/" + unit.id());
    press(page, "Re-manufacture");
    Locator dialog = page.locator("dialog[open]");
    dialog.getByLabel("Reason").fill("refurbished");
    dialog.getByLabel("Type the serial number").fill("BACK-1");
    dialog.getByRole(AriaRole.BUTTON, named("Re-manufacture")).click();

    assertThat(page.locator("[data-toast]")).hasText("The unit came back as this device");
    assertThat(page.locator("[aria-labelledby=identity] .sp-tag")).hasText("expected");
    assertTrue(!page.url().contains(unit.id()), page.url());
  }

  @Test
  void renewalsArePulledForwardAndLetGo() {
    Page page = page();
    page.navigate("/console/renewals");
    press(page, "Start a campaign");
    Locator dialog = page.locator("dialog[open]");
    dialog.getByLabel("Reason").fill("console campaign");
    dialog.getByLabel("Device profile").fill("console-onboarding");
    dialog.getByLabel("Spread over").selectOption("7 days");
    browser().shoot(page, "campaign-light-1440");
    dialog.getByRole(AriaRole.BUTTON, named("Start")).click();
    assertThat(page.locator("[data-toast]")).hasText("Devices are asked to renew");
    Locator row = row(page, "console campaign");
    assertThat(row).containsText("device profile console-onboarding");
    whole(page, "renewals-full");

    row.getByRole(AriaRole.BUTTON, named("End console campaign")).click();
    page.locator("dialog[open]").getByRole(AriaRole.BUTTON, named("End")).click();

    assertThat(row).containsText("ended");
  }

  @Test
  void signsOfACloneStandOnTheDevicesPage() {
    Unit unit = plant().enrolled("TWIN-1");
    for (String from : List.of("127.0.0.1", "127.0.0.3", "127.0.0.1")) {
      used(unit, from);
    }
    plant().fact(unit.id(), "security.certificate-in-two-places");
    Page page = page();
    page.navigate("/console/devices/" + unit.id());

    assertThat(page.locator("[aria-labelledby=signs]"))
        .containsText("from 127.0.0.1 and 127.0.0.3");
    whole(page, "signs");
  }

  private void used(Unit unit, String from) {
    try (HttpClient client = HttpClient.newBuilder()
        .sslContext(wire.tls(unit.identity()))
        .localAddress(InetAddress.getByName(from))
        .build()) {
      Answer.to(
              client,
              wire.device("/attest/v1/challenges")
                  .header("Content-Type", "application/json")
                  .POST(BodyPublishers.ofString("{}"))
                  .build())
          .expect(201);
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  /** A device that asked for its first certificate under the profile that wants approval. */
  private Identity asking(String serialNumber, KeyPair keys) {
    wire.register(plant().manufacturer(), serialNumber, HELD);
    Identity idevid = plant().manufacturer().idevid(serialNumber);
    assertEquals(202, ask(idevid, keys).statusCode());
    return idevid;
  }

  private HttpResponse<byte[]> ask(Identity idevid, KeyPair keys) {
    return wire.est(HELD + "/simpleenroll", idevid, null, TestPki.request(keys, "", null));
  }

  private HttpResponse<byte[]> first(Identity idevid) {
    return wire.est("simpleenroll", idevid, null, TestPki.request(TestPki.key(), "", null));
  }

  private static Locator row(Page page, String text) {
    return page.locator("tbody tr", new Page.LocatorOptions().setHasText(text));
  }

  /** Nothing is cut off, wide or narrow. */
  private void whole(Page page, String name) {
    for (int width : new int[] {390, 1440}) {
      page.setViewportSize(width, 900);
      assertEquals(width, page.evaluate("document.documentElement.scrollWidth"), name);
      browser().shoot(page, name + "-light-" + width);
    }
  }

  private static void press(Page page, String button) {
    press(page, button, AriaRole.BUTTON);
  }

  private static void press(Page page, String name, AriaRole role) {
    page.locator("main").getByRole(role, named(name)).first().click();
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

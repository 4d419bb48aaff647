package io.sallyport.admin.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Chromium;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.PostgresResource;
import io.sallyport.testing.ServerTest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every page of the console in a real browser: light and dark, wide and narrow, and nothing to complain of. */
@QuarkusTest
class ConsolePagesTest extends ServerTest {
  private @Nullable Chromium browser;
  private @Nullable Plant plant;
  private @Nullable Unit camera;

  @BeforeEach
  void furnish() {
    if (plant == null) {
      browser = Chromium.open();
      plant = Plant.open(wire, "console-pages");
      plant.policy("PT10M");
      camera = plant.attested("CAM-0001");
      camera.token(Plant.VIDEO).expect(200);
      camera.may(Plant.VIDEO);
      camera.may(new Plant.Flow("db.plant.example", "tcp", 5432));
      plant.attested("CAM-0002").attest(Plant.OLD).expect(200);
      plant.enrolled("CAM-0003").become("quarantine").expect(200);
      plant.enrolled("CAM-0004").become("suspend").expect(200);
      plant.enrolled("CAM-0005").become("decommission").expect(200);
      plant.registered("CAM-0006");
      plant.attested("CAM-0007");
      plant.policy("PT9M");
      plant.policy("PT10M");
      wire.document("/api/v1/policies/console-pages-zone", """
          apiVersion: sallyport.io/v1
          kind: Segment
          metadata: {name: console-pages-zone}
          spec: {mode: observe, devices: {profile: console-pages}}
          """);
      camera.may(new Plant.Flow("db.plant.example", "tcp", 5432));
      camera.may(new Plant.Flow("db.plant.example", "tcp", 5433));
      camera.may(new Plant.Flow("10.20.30.40", "icmp", 0));
      Patience.until(
          "what was observed is recorded",
          () -> Optional.of(recorded()).filter(count -> count == 3));
    }
  }

  @AfterAll
  void leave() {
    if (plant != null && browser != null) {
      browser.close();
      // Its devices may open anything, which searches of other tests would find.
      plant.person("DELETE", "/api/v1/policies/console-pages-zone", null).expect(204);
      plant.close();
    }
  }

  @Test
  void everyPageIsWholeInLightAndDarkAtEveryWidth() {
    Page page = page();
    see(page, "overview", "/console", "Overview");
    see(page, "devices", "/console/devices", "Devices");
    see(page, "devices-none", "/console/devices?text=nothing-like-it", "Devices");
    see(page, "device", "/console/devices/" + camera().id(), "CAM-0001");
    see(page, "approvals", "/console/approvals?state=", "Approvals");
    see(page, "approvals-waiting", "/console/approvals", "Approvals");
    see(page, "renewals", "/console/renewals", "Renewals");
    see(page, "claim", "/console/ownership/claim", "Claim a device");
    see(page, "policies", "/console/policies", "Policies");
    see(page, "policy", "/console/policies/console-pages", "console-pages");
    see(page, "policy-versions", "/console/policy-versions", "Versions");
    see(page, "policy-version", "/console/policy-versions/" + replacingAct(), "Act ");
    see(page, "policy-coverage", "/console/policy-coverage", "Coverage");
    see(page, "observations", "/console/observations", "Observed");
    see(
        page,
        "proposal",
        "/console/observations/proposal?document=console-pages-zone&profile=console-pages",
        "Proposed rules");
    see(page, "policy-new", "/console/policies/new", "New policy");
    see(page, "explain-empty", "/console/explain", "Explain");
    see(
        page,
        "explain",
        "/console/explain?device=" + camera().id()
            + "&peer=vms.plant.example&protocol=tcp&port=8554",
        "Explain");
    see(page, "points", "/console/enforcement-points", "Enforcement points");
    see(page, "point", "/console/enforcement-points/console-pages-gate", "console-pages-gate");
    see(page, "point-new", "/console/enforcement-points/new", "Add an enforcement point");
    see(page, "authorities", "/console/authorities", "Authorities");
    see(page, "profiles", "/console/profiles", "Device profiles");
    see(page, "profile", "/console/profiles/console-pages", "console-pages");
    see(page, "manufacturers", "/console/manufacturers", "Manufacturers");
    see(page, "audit", "/console/audit", "Audit");
    see(page, "fact", "/console/audit/facts/1", "Fact 1");
    see(page, "verify", "/console/audit/verify", "Audit");
  }

  @Test
  void ofIcmpATypeIsAskedForWhereOthersHaveAPort() {
    Page page = page();
    page.navigate(
        "/console/explain?device=" + camera().id() + "&peer=10.20.30.40&protocol=tcp&port=80");
    page.getByLabel("Protocol").selectOption("udp");
    assertThat(page.getByLabel("Port")).hasValue("80");
    page.getByLabel("Protocol").selectOption("icmp");
    assertThat(page.getByLabel("ICMP type")).hasValue("");
    shoot(page, "explain-icmp-chosen");
    page.getByLabel("ICMP type").fill("echo-request");
    page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Explain"))
        .click();
    assertThat(page.locator("#answer")).containsText("10.20.30.40 icmp 8");
    assertThat(page.getByLabel("ICMP type")).hasValue("echo-request");
    shoot(page, "explain-icmp");
    page.getByLabel("Protocol").selectOption("tcp");
    assertThat(page.getByLabel("Port")).hasAttribute("placeholder", "0 to 65535");
    assertEquals(List.of(), browser().complaints());
  }

  private void shoot(Page page, String name) {
    page.setViewportSize(390, 844);
    browser().shoot(page, name + "-light-390");
    page.setViewportSize(1440, 900);
    browser().shoot(page, name + "-light-1440");
  }

  private void see(Page page, String name, String path, String heading) {
    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));
    page.setViewportSize(1440, 900);
    assertEquals(200, page.navigate(path).status(), path);
    assertTrue(
        page.locator("h1").textContent().startsWith(heading),
        path + " has the heading " + page.locator("h1").textContent());
    for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
      page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(scheme));
      String theme = scheme.name().toLowerCase(java.util.Locale.ROOT);
      assertThat(page.locator("html")).hasAttribute("data-bs-theme", theme);
      for (int width : new int[] {1920, 1440, 1024, 768, 390}) {
        page.setViewportSize(width, width == 390 ? 844 : 900);
        assertEquals(
            width,
            page.evaluate("document.documentElement.scrollWidth"),
            path + " is wider than its window of " + width);
        if (width == 1440 || width == 390) {
          browser().shoot(page, name + "-" + theme + "-" + width);
        }
      }
    }
    assertEquals(List.of(), browser().complaints(), path);
  }

  private Page page() {
    return browser()
        .page(wire.people(), Map.of("Authorization", "Bearer " + PostgresResource.ADMIN_TOKEN));
  }

  private int recorded() {
    return java.util.Objects.requireNonNull(plant)
        .person("GET", "/api/v1/observations?document=console-pages-zone", null)
        .expect(200)
        .json()
        .get("items")
        .size();
  }

  /** The newest act but one, which replaced a policy. */
  private String replacingAct() {
    return java.util.Objects.requireNonNull(plant)
        .person("GET", "/api/v1/policy-sets?limit=2", null)
        .expect(200)
        .json()
        .at("/items/1/act")
        .asText();
  }

  private Chromium browser() {
    return java.util.Objects.requireNonNull(browser);
  }

  private Unit camera() {
    return java.util.Objects.requireNonNull(camera);
  }
}

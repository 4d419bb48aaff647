package io.sallyport.admin.console;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.Chromium;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.LineStation;
import io.sallyport.testing.PostgresResource;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Batches and stations in a real browser. */
@QuarkusTest
class BatchPagesTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("BatchPages");
  private static final String PROFILE = "batch-pages";

  private @Nullable Chromium browser;

  @BeforeEach
  void furnish() {
    if (browser == null) {
      browser = Chromium.open();
      PlaywrightAssertions.setDefaultAssertionTimeout(20_000);
      wire.register(MAKER);
      wire.document("/api/v1/profiles/" + PROFILE, """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: %s}
          """.formatted(PROFILE));
    }
  }

  @AfterEach
  void nothingToComplainOf() {
    assertEquals(List.of(), browser().complaints());
  }

  @AfterAll
  void leave() {
    if (browser != null) {
      browser.close();
    }
  }

  private Chromium browser() {
    return Objects.requireNonNull(browser);
  }

  private Page page() {
    return browser()
        .page(wire.people(), Map.of("Authorization", "Bearer " + PostgresResource.ADMIN_TOKEN));
  }

  private void see(Page page, String name, String path, String heading) {
    assertEquals(200, page.navigate(path).status(), path);
    assertTrue(page.locator("h1").textContent().startsWith(heading), path);
    for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
      page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(scheme));
      for (int width : new int[] {1440, 768, 390}) {
        page.setViewportSize(width, width == 390 ? 844 : 900);
        assertEquals(
            width,
            page.evaluate("document.documentElement.scrollWidth"),
            path + " is wider than its window of " + width);
        browser()
            .shoot(
                page, name + "-" + scheme.name().toLowerCase(java.util.Locale.ROOT) + "-" + width);
      }
    }
    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));
    page.setViewportSize(1440, 900);
  }

  @Test
  void aBatchIsFollowedAndClosed() throws Exception {
    LineClient line = LineClient.order(wire, "P-batch", MAKER.name(), PROFILE, 4);
    KeyPair keys = TestPki.key();
    line.issue(List.of(LineClient.row("P-1", keys), LineClient.row("P-2", TestPki.key())));
    line.issue(List.of(LineClient.row("P-3", keys)));
    Page page = page();
    String path = "/console/batches/" + line.batch();
    see(page, "batches", "/console/batches", "Batches");
    see(page, "batch", path, "P-batch");
    assertThat(page.getByText("duplicate-key")).isVisible();

    // What the line does meanwhile is seen without a reload.
    line.issue(List.of(LineClient.row("P-4", TestPki.key())));
    assertThat(page.locator("#batch")).containsText("P-4");

    page.getByLabel("Row", new Page.GetByLabelOptions().setExact(true)).fill("P-2");
    page.getByLabel("Reason").fill("the board broke");
    page.getByText("Give up", new Page.GetByTextOptions().setExact(true)).click();
    assertThat(page.locator("[data-toast]")).containsText("Row given up");
    JsonNode shown = line.shown();
    assertEquals(1, shown.get("given_up").asInt());

    page.getByText("Close the batch").click();
    page.getByLabel("Type the name to confirm").fill("P-batch");
    page.getByText("Close and sign").click();
    assertThat(page.locator("[data-toast]")).containsText("manifest signed");
    see(page, "batch-closed", path, "P-batch");
    Path manifest = page.waitForDownload(
            () -> page.getByText("Manifest", new Page.GetByTextOptions().setExact(true))
                .first()
                .click())
        .path();
    assertEquals(
        line.shown().get("manifest_sha256").asText(),
        Digest.of(Files.readAllBytes(manifest)).hex());
  }

  @Test
  void aStationIsAddedAndWithdrawn() {
    LineStation.register(wire, "pages-0", "pages line", null);
    Page page = page();
    see(page, "stations", "/console/stations", "Stations");
    see(page, "station-new", "/console/stations/new", "Add a station");
    page.getByLabel("Name").fill("pages-1");
    page.getByLabel("Site").fill("plant");
    page.getByLabel("Line").fill("pages line");
    page.getByLabel("Certificate request (PEM)").fill("nothing like one");
    page.getByText("Add and certify").click();
    assertThat(page.getByRole(com.microsoft.playwright.options.AriaRole.ALERT))
        .containsText("certificate request");
    assertTrue(browser().complaints().getFirst().contains("400"), "which it was told");

    page.getByLabel("Certificate request (PEM)")
        .fill(
            TestPki.pem("CERTIFICATE REQUEST", TestPki.request(TestPki.key(), "CN=pages-1", null)));
    page.getByText("Add and certify").click();
    assertThat(page.locator("table")).containsText("pages-1");
    page.getByLabel("Withdraw pages-1").click();
    page.locator("dialog[open] button[type=submit]").click();
    assertThat(page.locator("table")).not().containsText("pages-1");
  }
}

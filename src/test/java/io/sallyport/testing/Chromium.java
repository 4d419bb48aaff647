package io.sallyport.testing;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.ConsoleMessage;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Debian's Chromium, driven by Playwright. Notes whatever a page complains of; a wrong answer is one of those things. */
public final class Chromium implements AutoCloseable {
  /** Where pictures are put; none are made when it is not set. */
  private static final @Nullable String SHOTS = System.getenv("SALLYPORT_SHOTS");

  private final Playwright playwright;
  private final Browser chromium;
  private final List<String> complaints = new CopyOnWriteArrayList<>();

  private Chromium(Playwright playwright) {
    this.playwright = playwright;
    this.chromium = playwright
        .chromium()
        .launch(new LaunchOptions()
            .setExecutablePath(executable())
            .setHeadless(true)
            .setArgs(List.of(
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync")));
  }

  public static Chromium open() {
    Peers.need("chromium");
    return new Chromium(Playwright.create(
        new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))));
  }

  /** A page of somebody who sends these headers with every request; {@code base} is what its paths begin with. */
  public Page page(String base, Map<String, String> headers) {
    BrowserContext context = chromium.newContext(new Browser.NewContextOptions()
        .setBaseURL(base)
        .setIgnoreHTTPSErrors(true)
        .setColorScheme(ColorScheme.LIGHT)
        .setViewportSize(1440, 900)
        .setExtraHTTPHeaders(headers));
    context.setDefaultTimeout(20_000);
    context.onConsoleMessage(this::said);
    context.onWebError(error -> complaints.add("uncaught: " + error.error()));
    return context.newPage();
  }

  /** What pages complained of since it was asked last, violations of their content security policy included. */
  public List<String> complaints() {
    List<String> all = List.copyOf(complaints);
    complaints.removeAll(all);
    return all;
  }

  /** Takes a picture of the whole page, where pictures are wanted. */
  public void shoot(Page page, String name) {
    if (SHOTS != null) {
      page.screenshot(
          new Page.ScreenshotOptions().setPath(Path.of(SHOTS, name + ".png")).setFullPage(true));
    }
  }

  @Override
  public void close() {
    chromium.close();
    playwright.close();
  }

  private void said(ConsoleMessage message) {
    if (message.type().equals("error") || message.type().equals("warning")) {
      complaints.add(message.page().url() + ": " + message.text());
    }
  }

  private static Path executable() {
    return Arrays.stream(String.valueOf(System.getenv("PATH")).split(File.pathSeparator))
        .map(folder -> Path.of(folder, "chromium"))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow();
  }
}

package io.sallyport.operating;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.testing.ServerProcess;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How the container image is configured; what builds it is asked for by hand. */
class ImageTest {
  private final Properties build = new Properties();

  @BeforeEach
  void read() throws IOException {
    try (Reader in =
        Files.newBufferedReader(Path.of("src", "main", "resources", "application.properties"))) {
      build.load(in);
    }
  }

  @Test
  void theJvmRunsAsTheLauncherRunsIt() {
    List<String> launcher = ServerProcess.launcherOptions().stream()
        .filter(
            option -> !System.getenv().getOrDefault("SALLYPORT_JVM_OPTIONS", "").contains(option))
        .toList();

    assertEquals(launcher, List.of(value("quarkus.jib.jvm-arguments").split(",")));
    assertEquals("2", value("quarkus.jib.environment-variables.MALLOC_ARENA_MAX"));
  }

  @Test
  void anImageIsNeitherBuiltNorPushedUnlessAskedFor() {
    assertAll(
        () -> assertEquals("false", value("quarkus.container-image.build")),
        () -> assertEquals("false", value("quarkus.container-image.push")),
        () -> assertEquals("jib", value("quarkus.container-image.builder")));
  }

  @Test
  void nobodyRunsItAsRootAndTheChartAgrees() throws IOException {
    String user = value("quarkus.jib.user");
    String chart = Files.readString(Path.of("helm", "sallyport", "templates", "deployment.yaml"));

    assertTrue(user.matches("[1-9][0-9]*:[1-9][0-9]*"), user);
    assertAll(
        () -> assertTrue(chart.contains("runAsUser: " + user.split(":")[0])),
        () -> assertTrue(chart.contains("runAsGroup: " + user.split(":")[1])),
        () -> assertEquals("8443,8080,9443,9000", value("quarkus.jib.ports")),
        () -> assertEquals("/data", value("quarkus.jib.environment-variables.SALLYPORT_DATA")));
  }

  @Test
  void theBaseIsThatJdkByTag() {
    String base = value("quarkus.jib.base-jvm-image");

    assertTrue(base.contains(":25") || base.contains("@sha256:"), base);
    assertFalse(base.endsWith(":latest"));
  }

  private String value(String name) {
    return String.valueOf(build.getProperty(name));
  }
}

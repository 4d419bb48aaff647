package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.testing.Eventually;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.ServerProcess.Ended;
import io.sallyport.testing.Wire;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a server starts, refuses to start, and ends. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StartIT {
  private static final int EXIT_CONFIGURATION = 78;
  private static final List<String> SECRETS =
      List.of("admin.token", "master.key", "postgres.password");

  @TempDir
  static Path folder;

  private ServerProcess server;

  @BeforeAll
  void start() {
    server = ServerProcess.start(folder.resolve("data"), Map.of());
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @Test
  void aSecondServerOnTheSameFolderIsRefusedInOneSentence() {
    // A lock that only lives in memory is lost when the garbage is collected.
    server.collectGarbage();

    Ended second = ServerProcess.refused(
        server.data(),
        Map.of(),
        "--https-port",
        "0",
        "--http-port",
        "0",
        "--people-port",
        "0",
        "--management-port",
        "0");

    assertEquals(EXIT_CONFIGURATION, second.code());
    assertEquals(
        "Another server runs on the data folder " + server.data()
            + "; stop it or choose another --data.\n",
        second.output());
    assertTrue(server.postgres().isAlive(), "the first server's database is left alone");
  }

  @Test
  void aDatabaseUrlWithoutSecretsIsRefusedNamingEverythingThatIsMissing() {
    Ended refused = ServerProcess.refused(
        folder.resolve("given"),
        Map.of("SALLYPORT_DB_URL", "jdbc:postgresql://localhost:1/none"),
        "--https-port",
        "0",
        "--http-port",
        "0",
        "--people-port",
        "0",
        "--management-port",
        "0");

    assertEquals(EXIT_CONFIGURATION, refused.code());
    assertAll(
        () -> assertTrue(
            refused.output().contains("SALLYPORT_MASTER_KEY or SALLYPORT_MASTER_KEY_FILE")),
        () -> assertTrue(refused.output().contains("SALLYPORT_ADMIN_TOKEN")),
        () -> assertFalse(refused.output().contains("\tat "), refused.output()),
        () -> assertFalse(
            Files.exists(folder.resolve("given/master.key")), "nothing secret is made up"),
        () -> assertFalse(Files.exists(folder.resolve("given/admin.token"))));
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"--colour", "--https-port=high", "--https-port=70000", "extra"})
  void anOptionThatMeansNothingIsRefusedInOneSentence(String option) {
    Ended refused = ServerProcess.refused(folder.resolve("options"), Map.of(), option);

    assertEquals(EXIT_CONFIGURATION, refused.code());
    assertEquals(1, refused.output().lines().count(), refused.output());
    assertTrue(refused.output().contains(option.split("=")[0]), refused.output());
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(strings = {"https-port", "http-port", "people-port", "management-port"})
  void aPortInUseIsToldInOneSentence(String option) throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      String port = Integer.toString(taken.getLocalPort());
      Ended refused = ServerProcess.refused(folder.resolve("port"), ports(option, port));

      assertEquals(EXIT_CONFIGURATION, refused.code(), refused.output());
      assertEquals(1, refused.output().lines().count(), refused.output());
      assertTrue(
          refused.output().contains(port) && refused.output().contains("--" + option),
          refused.output());
    }
  }

  /** Settings by environment variable, for once: every port free but one. */
  private static Map<String, String> ports(String option, String port) {
    Map<String, String> settings = new HashMap<>();
    for (String name : List.of("https-port", "http-port", "people-port", "management-port")) {
      settings.put(
          "SALLYPORT_" + name.toUpperCase(Locale.ROOT).replace('-', '_'),
          name.equals(option) ? port : "0");
    }
    return settings;
  }

  @Test
  void secretsAreInFilesThatOnlyTheOwnerReads() {
    assertAll(SECRETS.stream()
        .map(name -> () -> assertEquals(
            "rw-------",
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(server.data().resolve(name))),
            name)));
    assertAll(List.of("", "postgres").stream()
        .map(name -> () -> assertEquals(
            "rwx------",
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(server.data().resolve(name))),
            name)));
  }

  @Test
  void noSecretAppearsInALog() throws IOException {
    String postgresLog = Files.readString(server.data().resolve("postgres.log"));
    for (String name : SECRETS) {
      String secret = server.file(name);
      assertTrue(secret.length() >= 32, name);
      assertFalse(server.log().contains(secret), name);
      assertFalse(postgresLog.contains(secret), name);
    }
  }

  @ParameterizedTest(name = "password \"{0}\"")
  @ValueSource(strings = {"", "postgres", "wrong"})
  void postgresRefusesAConnectionWithoutThePassword(String password) {
    SQLException refused =
        assertThrows(SQLException.class, () -> server.database(password).close());

    assertTrue(String.valueOf(refused.getMessage()).contains("password"), refused::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"fsync", "synchronous_commit", "full_page_writes"})
  void postgresIsDurable(String setting) throws SQLException {
    try (Connection database = server.database();
        Statement statement = database.createStatement();
        ResultSet row = statement.executeQuery("show " + setting)) {
      row.next();
      assertEquals("on", row.getString(1));
    }
  }

  @Test
  void aServerThatIsAskedToEndDoesSoQuicklyAndQuietlyAndComesBackTheSame() {
    ProcessHandle postgres = server.postgres();
    Wire before = server.wire();

    int code = server.stop(Duration.ofSeconds(10));

    assertTrue(code == 0 || code == 143, "exit code " + code);
    assertFalse(server.log().contains("\tat "), server.log());
    Eventually.holds(Duration.ofSeconds(2), "PostgreSQL is gone", () -> !postgres.isAlive());

    server = server.restart();
    Wire after = server.wire();
    assertEquals(200, after.send(null, after.person("/api/v1/devices").build()).statusCode());
    System.out.printf(
        "First answer of a restarted server after %.1f s.%n", server.age().toMillis() / 1000.0);
    assertEquals(before.root(), after.root());
  }
}

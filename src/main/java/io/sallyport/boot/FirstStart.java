package io.sallyport.boot;

import io.sallyport.boot.BootSettings.RootKey;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyTokens;
import io.sallyport.keys.MasterKeys;
import io.sallyport.people.Operators;
import io.sallyport.people.Operators.Role;
import io.sallyport.pki.Authorities;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/** Makes what every server needs, once, under a lock in the database; a first start that was cut off is taken up. */
@Singleton
final class FirstStart {
  /** Any number that nothing else in the database locks. */
  private static final long LOCK = 0x5341_4c4c_5950_4f52L;

  private static final Duration LONGEST_WAIT = Duration.ofMinutes(2);
  private static final long PAUSE_NANOS = 20_000_000;
  private static final Duration ROOT_LIFE = Duration.ofDays(20 * 365);
  private static final Duration ISSUING_LIFE = Duration.ofDays(10 * 365);
  private static final String ADMINISTRATOR = "admin";
  private static final int TOKEN_OCTETS = 32;
  private static final String ROOT_NAME = "CN=Sallyport Root,O=Sallyport";
  /** The issuing authorities and their names, device authority first. */
  private static final SortedMap<String, String> ISSUING = new TreeMap<>(Map.of(
      Authorities.DEVICES, "CN=Sallyport Devices,O=Sallyport",
      Authorities.INTERNAL, "CN=Sallyport Internal,O=Sallyport"));

  private final DataSource database;
  private final Authorities authorities;
  private final Operators operators;
  private final BootSettings settings;
  private final OfflineRoot offlineRoot;
  private final ConsoleLink consoleLink;
  private final MasterKeys masterKeys;
  private final KeyTokens tokens;
  private final Ids ids;

  FirstStart(
      DataSource database,
      MasterKeys masterKeys,
      KeyTokens tokens,
      Authorities authorities,
      Operators operators,
      BootSettings settings,
      OfflineRoot offlineRoot,
      ConsoleLink consoleLink,
      Ids ids) {
    this.offlineRoot = offlineRoot;
    this.consoleLink = consoleLink;
    this.database = database;
    this.masterKeys = masterKeys;
    this.tokens = tokens;
    this.authorities = authorities;
    this.operators = operators;
    this.settings = settings;
    this.ids = ids;
  }

  /** @param more what is made by one server after the other as well */
  void run(Runnable more) {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      lock(statement);
      try {
        make(new DataFolder(Path.of(settings.data())));
        more.run();
      } finally {
        statement.execute("select pg_advisory_unlock(" + LOCK + ")");
      }
    } catch (SQLException e) {
      throw new StartRefused(
          "The database cannot be locked for the first start: " + e.getMessage());
    }
  }

  /** Asks again and again, because a question that waits for its answer is cut off like one to a database that is away. */
  private static void lock(Statement statement) throws SQLException {
    long end = System.nanoTime() + LONGEST_WAIT.toNanos();
    while (true) {
      try (ResultSet row = statement.executeQuery("select pg_try_advisory_lock(" + LOCK + ")")) {
        if (row.next() && row.getBoolean(1)) {
          return;
        }
      }
      if (System.nanoTime() - end > 0) {
        throw new StartRefused("Another server has been starting on this database for "
            + LONGEST_WAIT.toSeconds() + " s; look after it, then start again.");
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private void make(DataFolder folder) {
    try {
      masterKeys.read();
      tokens.require();
    } catch (Refusal refusal) {
      throw new StartRefused(refusal.detail());
    }
    if (authorities.find(Authorities.INTERNAL).isEmpty() && rootKey() == RootKey.OFFLINE) {
      offlineRoot.adopt(folder, ISSUING);
    } else {
      authorities.establish(
          Authorities.ROOT, Authorities.ROOT, ROOT_NAME, KeyAlgorithm.EC_P256, ROOT_LIFE);
      ISSUING.forEach((name, subject) -> authorities.establish(
          name, Authorities.ROOT, subject, KeyAlgorithm.EC_P256, ISSUING_LIFE));
    }
    folder.write("root.pem", authorities.get(Authorities.ROOT).certificate().pem("CERTIFICATE"));
    if (!operators.any()) {
      operators.add(
          ADMINISTRATOR, Set.of(Role.ADMINISTRATOR), Set.of(), token(folder), Actor.SERVER);
    }
    consoleLink.provide(folder, ADMINISTRATOR);
  }

  private RootKey rootKey() {
    return settings.root().orElse(settings.dbUrl().isPresent() ? RootKey.OFFLINE : RootKey.HERE);
  }

  private String token(DataFolder folder) {
    return settings
        .adminToken()
        .orElseGet(() -> folder.read("admin.token").orElseGet(() -> {
          String fresh = ids.secret(TOKEN_OCTETS);
          folder.writeSecret("admin.token", fresh);
          return fresh;
        }));
  }
}

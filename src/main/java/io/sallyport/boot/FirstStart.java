package io.sallyport.boot;

import io.sallyport.kernel.Ids;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.people.Operators;
import io.sallyport.people.Operators.Role;
import io.sallyport.pki.Authorities;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import javax.sql.DataSource;

/** Makes what every server needs, once, under a lock in the database; a first start that was cut off is taken up. */
@Singleton
final class FirstStart {
  /** Any number that nothing else in the database locks. */
  private static final long LOCK = 0x5341_4c4c_5950_4f52L;

  private static final Duration ROOT_LIFE = Duration.ofDays(20 * 365);
  private static final Duration ISSUING_LIFE = Duration.ofDays(10 * 365);
  private static final int TOKEN_OCTETS = 32;

  private final DataSource database;
  private final Authorities authorities;
  private final Operators operators;
  private final BootSettings settings;
  private final Ids ids;

  FirstStart(
      DataSource database, Authorities authorities, Operators operators, BootSettings settings, Ids ids) {
    this.database = database;
    this.authorities = authorities;
    this.operators = operators;
    this.settings = settings;
    this.ids = ids;
  }

  void run() {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("select pg_advisory_lock(" + LOCK + ")");
      try {
        make(new DataFolder(Path.of(settings.data())));
      } finally {
        statement.execute("select pg_advisory_unlock(" + LOCK + ")");
      }
    } catch (SQLException e) {
      throw new StartRefused("The database cannot be locked for the first start: " + e.getMessage());
    }
  }

  private void make(DataFolder folder) {
    authorities.establish(
        Authorities.ROOT, Authorities.ROOT, "CN=Sallyport Root,O=Sallyport", KeyAlgorithm.EC_P256, ROOT_LIFE);
    authorities.establish(
        Authorities.DEVICES, Authorities.ROOT, "CN=Sallyport Devices,O=Sallyport", KeyAlgorithm.EC_P256, ISSUING_LIFE);
    authorities.establish(
        Authorities.INTERNAL, Authorities.ROOT, "CN=Sallyport Internal,O=Sallyport", KeyAlgorithm.EC_P256, ISSUING_LIFE);
    folder.write("root.pem", authorities.get(Authorities.ROOT).certificate().pem("CERTIFICATE"));
    if (!operators.any()) {
      operators.add("admin", Set.of(Role.ADMINISTRATOR), token(folder));
    }
  }

  private String token(DataFolder folder) {
    return settings.adminToken().orElseGet(() -> folder.read("admin.token").orElseGet(() -> {
      String fresh = ids.secret(TOKEN_OCTETS);
      folder.writeSecret("admin.token", fresh);
      return fresh;
    }));
  }
}

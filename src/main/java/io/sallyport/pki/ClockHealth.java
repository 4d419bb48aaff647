package io.sallyport.pki;

import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import javax.sql.DataSource;

/** Whether this server's time can be believed: certificates, lists and grants all stand on it. */
@Singleton
final class ClockHealth implements HealthCheck {
  private static final Duration WORTH_A_WARNING = Duration.ofSeconds(2);
  private static final Duration MOST = Duration.ofSeconds(30);
  private static final String NOW = """
      select clock_timestamp(), (select max(at) from (select at from fact order by position desc limit 100) newest)""";

  private final DataSource database;
  private final Clock clock;

  ClockHealth(DataSource database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "clock";
  }

  @Override
  public List<Finding> look() {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(NOW)) {
      row.next();
      Instant here = clock.instant();
      Instant there = row.getObject(1, OffsetDateTime.class).toInstant();
      OffsetDateTime newest = row.getObject(2, OffsetDateTime.class);
      Duration apart = Duration.between(here, there).abs();
      if (newest != null && Duration.between(here, newest.toInstant()).compareTo(MOST) > 0) {
        return List.of(new Finding(
            name(),
            Level.FAULT,
            "this node",
            "The newest facts of the log are from " + newest.toInstant()
                + ", after what this node takes for now: " + here + ".",
            "The clock was set back, or another node's runs ahead. Set the clocks by NTP before"
                + " anything else is issued."));
      }
      if (apart.compareTo(WORTH_A_WARNING) > 0) {
        return List.of(new Finding(
            name(),
            apart.compareTo(MOST) > 0 ? Level.FAULT : Level.WARNING,
            "this node",
            "It and the database are " + apart.toSeconds() + " s apart.",
            "Set both clocks by NTP."));
      }
      return List.of(Finding.good(
          name(), "this node", "It and the database are " + apart.toMillis() + " ms apart."));
    } catch (SQLException e) {
      throw new IllegalStateException("the database's time cannot be read", e);
    }
  }
}

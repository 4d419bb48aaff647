package io.sallyport.events;

import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Facts that are committed but not numbered yet (law 8: within 50 ms), for those who watch the server. */
@Singleton
public final class Backlog {
  /** Counting further would cost more than it tells. */
  private static final int MOST = 10_000;

  private static final String WAITING =
      "select count(*), min(at) from (select at from fact_waiting order by id limit " + MOST
          + ") waiting";

  private final DataSource database;

  Backlog(DataSource database) {
    this.database = database;
  }

  /**
   * What waits.
   *
   * @param facts how many, at most 10,000
   * @param oldest when the first of them was made, or null when there is none
   */
  public record Waiting(long facts, @Nullable Instant oldest) {}

  public Waiting waiting() {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(WAITING);
        ResultSet row = query.executeQuery()) {
      row.next();
      OffsetDateTime oldest = row.getObject(2, OffsetDateTime.class);
      return new Waiting(row.getLong(1), oldest == null ? null : oldest.toInstant());
    } catch (SQLException e) {
      throw new IllegalStateException("the unnumbered facts could not be counted", e);
    }
  }
}

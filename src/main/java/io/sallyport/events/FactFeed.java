package io.sallyport.events;

import io.sallyport.events.Changes.Change;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

/** Reads the change feed from the database. */
final class FactFeed {
  /** Unnumbered facts that one look tells apart; while more wait than that, nothing is confirmed. */
  private static final int MOST_WAITING = 1000;

  private static final String POSITION =
      "select mark from job_epoch where job = '" + Sequencer.JOB + "'";
  private static final String AFTER = """
      select position, id, kind, subject_type, subject from fact
      where period >= fact_period(?) and position > ? order by position limit ?""";
  /** One statement, so that both come from one snapshot: a fact is in it numbered, or waiting, or not committed. */
  private static final String LOOK = """
      select coalesce((%s), 0), array(select id from fact_waiting limit %d)""".formatted(POSITION, MOST_WAITING + 1);

  private final DataSource database;

  FactFeed(DataSource database) {
    this.database = database;
  }

  /**
   * What one snapshot shows.
   *
   * @param waiting committed facts without a number
   * @param whole whether these are all
   */
  record Look(long position, Set<UUID> waiting, boolean whole) {}

  static Look look(Connection connection) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(LOOK);
        ResultSet row = query.executeQuery()) {
      row.next();
      List<UUID> waiting = Arrays.asList((UUID[]) row.getArray(2).getArray());
      return new Look(row.getLong(1), Set.copyOf(waiting), waiting.size() <= MOST_WAITING);
    }
  }

  long position() {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(POSITION);
        ResultSet row = query.executeQuery()) {
      return row.next() ? row.getLong(1) : 0;
    } catch (SQLException e) {
      throw new IllegalStateException("the change feed could not be read", e);
    }
  }

  List<Change> after(long position, int limit) {
    try (Connection connection = database.getConnection()) {
      return after(connection, position, limit);
    } catch (SQLException e) {
      throw new IllegalStateException("the change feed could not be read", e);
    }
  }

  static List<Change> after(Connection connection, long position, int limit) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(AFTER)) {
      query.setLong(1, position);
      query.setLong(2, position);
      query.setInt(3, limit);
      List<Change> changes = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          changes.add(new Change(
              row.getLong(1),
              row.getObject(2, UUID.class),
              row.getString(3),
              row.getString(4),
              row.getString(5)));
        }
      }
      return changes;
    }
  }
}

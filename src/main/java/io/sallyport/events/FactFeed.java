package io.sallyport.events;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** Reads the change feed from the database. */
final class FactFeed implements Changes {
  private static final String POSITION =
      "select mark from job_epoch where job = '" + Sequencer.JOB + "'";
  private static final String AFTER = """
      select position, kind, subject_type, subject from fact where position > ? order by position limit ?""";

  private final DataSource database;

  FactFeed(DataSource database) {
    this.database = database;
  }

  @Override
  public long position() {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(POSITION);
        ResultSet row = query.executeQuery()) {
      return row.next() ? row.getLong(1) : 0;
    } catch (SQLException e) {
      throw new IllegalStateException("the change feed could not be read", e);
    }
  }

  @Override
  public List<Change> after(long position, int limit) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(AFTER)) {
      query.setLong(1, position);
      query.setInt(2, limit);
      List<Change> changes = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          changes.add(
              new Change(row.getLong(1), row.getString(2), row.getString(3), row.getString(4)));
        }
      }
      return changes;
    } catch (SQLException e) {
      throw new IllegalStateException("the change feed could not be read", e);
    }
  }
}

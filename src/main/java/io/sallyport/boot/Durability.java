package io.sallyport.boot;

import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** Refuses a database that answers a commit before it is safe: what is recorded before it is signed must stay recorded. */
@Singleton
final class Durability {
  private final DataSource database;

  Durability(DataSource database) {
    this.database = database;
  }

  void require() {
    List<String> faults = new ArrayList<>();
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
        try (ResultSet row = statement.executeQuery("show " + setting)) {
          row.next();
          if (row.getString(1).equals("off") || row.getString(1).equals("local")) {
            faults.add(setting + " is " + row.getString(1));
          }
        }
      }
    } catch (SQLException e) {
      throw new StartRefused("The database cannot be asked for its settings: " + e.getMessage());
    }
    if (!faults.isEmpty()) {
      throw new StartRefused("The database is not durable, so the server does not start: "
          + String.join(", ", faults) + ". Set them to on.");
    }
  }
}

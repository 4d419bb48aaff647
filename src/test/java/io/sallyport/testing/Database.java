package io.sallyport.testing;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;

/** The server's database behind its back, as its superuser. */
public final class Database {
  private Database() {}

  /** A connection of its own, without auto-commit. */
  public static Connection connect() throws SQLException {
    Config config = ConfigProvider.getConfig();
    Connection connection = DriverManager.getConnection(
        config.getValue("sallyport.db-url", String.class),
        config.getValue("sallyport.db-user", String.class),
        config.getValue("sallyport.db-password", String.class));
    connection.setAutoCommit(false);
    return connection;
  }
}

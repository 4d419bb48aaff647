package io.sallyport.keys;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import javax.sql.DataSource;

/** A real PostgreSQL with the keys' tables, and transactions as a server has them: whoever asks for a connection joins. */
final class KeyDatabase implements AutoCloseable, HeldMasterKeys.Transactions {
  private static final List<String> SCRIPTS =
      List.of("db/migration/V30__keys.sql", "db/migration/V200__master_keys.sql");

  private final ThreadLocal<Connection> under = new ThreadLocal<>();
  private final EmbeddedPostgres server;
  private final DataSource database;

  private KeyDatabase(EmbeddedPostgres server) {
    this.server = server;
    this.database = server.getPostgresDatabase();
  }

  static KeyDatabase start(Path folder) throws IOException, SQLException {
    KeyDatabase started = new KeyDatabase(
        EmbeddedPostgres.builder().setOverrideWorkingDirectory(folder.toFile()).start());
    for (String name : SCRIPTS) {
      try (InputStream script = KeyDatabase.class.getClassLoader().getResourceAsStream(name)) {
        started.execute(new String(script.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    return started;
  }

  /** Connections of the transaction under way on this thread, or of their own. */
  DataSource dataSource() {
    return (DataSource) Proxy.newProxyInstance(
        DataSource.class.getClassLoader(),
        new Class<?>[] {DataSource.class},
        (proxy, method, arguments) -> {
          Connection joined = under.get();
          return joined != null && method.getName().equals("getConnection")
              ? unclosed(joined)
              : call(() -> method.invoke(database, arguments), false);
        });
  }

  private static Connection unclosed(Connection connection) {
    return (Connection) Proxy.newProxyInstance(
        Connection.class.getClassLoader(),
        new Class<?>[] {Connection.class},
        (proxy, method, arguments) -> method.getName().equals("close")
            ? null
            : call(() -> method.invoke(connection, arguments), false));
  }

  private static Object call(Callable<Object> work, boolean unused) throws Exception {
    try {
      return work.call();
    } catch (InvocationTargetException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  @Override
  public <T> T call(Callable<T> work) {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      under.set(connection);
      try {
        T result = work.call();
        connection.commit();
        return result;
      } catch (Exception e) {
        connection.rollback();
        throw e instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(e);
      } finally {
        under.remove();
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  void execute(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  List<byte[]> octets(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      List<byte[]> values = new ArrayList<>();
      while (row.next()) {
        values.add(row.getBytes(1));
      }
      return values;
    }
  }

  Connection connect() throws SQLException {
    return database.getConnection();
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

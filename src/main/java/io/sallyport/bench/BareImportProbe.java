package io.sallyport.bench;

import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import javax.sql.DataSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** The least that an import of a million devices costs: COPY of the same rows into tables without an index, in one commit. */
@Singleton
final class BareImportProbe implements Probe {
  private static final int MILLION = 1_000_000;
  /** Far below what a connection of the pool waits for an answer. */
  private static final int FLUSHED = 1 << 16;

  private final DataSource database;

  BareImportProbe(DataSource database) {
    this.database = database;
  }

  @Override
  public String name() {
    return "bare-import-million";
  }

  @Override
  public boolean isBare() {
    return true;
  }

  @Override
  public Figure measure() throws SQLException {
    try (Connection connection = database.getConnection()) {
      try (Statement tables = connection.createStatement()) {
        tables.execute(
            "create table bench_unit as select id, manufacturer, model, serial_number from hardware_unit limit 0;"
                + "create table bench_device as select id, hardware_unit, profile, owner, site, labels, state, enrolled,"
                + " revocation_counter, created_at from device limit 0;"
                + "create table bench_row as select batch, row_key, device from batch_row limit 0");
      }
      connection.setAutoCommit(false);
      long start = System.nanoTime();
      String batch = new UUID(1, 1).toString();
      copy(
          connection,
          "bench_unit",
          i -> new UUID(1, i) + "\t" + batch + "\tEye 4\tmillion-" + i + "\n");
      copy(
          connection,
          "bench_device",
          i -> new UUID(2, i) + "\t" + new UUID(1, i)
              + "\tcamera\tbench\tplant-1\t{}\tEXPECTED\tf\t0\t2026-01-01T00:00:00Z\n");
      copy(connection, "bench_row", i -> batch + "\tmillion-" + i + "\t" + new UUID(2, i) + "\n");
      connection.commit();
      double seconds = (System.nanoTime() - start) / 1e9;
      connection.setAutoCommit(true);
      return Figure.of(name(), seconds, "s", seconds, "itself");
    }
  }

  private interface Row {
    String of(int number);
  }

  private static void copy(Connection connection, String table, Row row) throws SQLException {
    CopyIn copy =
        connection.unwrap(PGConnection.class).getCopyAPI().copyIn("copy " + table + " from stdin");
    try {
      StringBuilder lines = new StringBuilder();
      for (int i = 0; i < MILLION; i++) {
        lines.append(row.of(i));
        if (lines.length() > FLUSHED || i == MILLION - 1) {
          byte[] octets = lines.toString().getBytes(StandardCharsets.UTF_8);
          copy.writeToCopy(octets, 0, octets.length);
          lines.setLength(0);
        }
      }
      copy.endCopy();
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }
}

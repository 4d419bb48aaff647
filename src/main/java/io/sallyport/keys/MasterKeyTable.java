package io.sallyport.keys;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The statements behind {@link HeldMasterKeys}. */
final class MasterKeyTable {
  /** Values a batch: bounds what one transaction holds and how long it takes. */
  static final int MOST = 500;
  /** In place of an id: the format that names none. */
  static final String FORMER = "";

  private static final String LOCK =
      "select pg_advisory_xact_lock(hashtextextended('sallyport.master-key', 0))";
  private static final String ROWS =
      "select id, generation, current_since, resealed_at from master_key order by generation";
  private static final String ADD =
      "insert into master_key (id, generation, current_since) values (?, ?, ?)";
  private static final String RETIRE = """
      update master_key set resealed_at = ? where id <> ? and resealed_at is null
        and generation < (select generation from master_key where id = ?) returning id""";
  private static final String OLDEST_KEY = """
      select id::text, sealed_private_key, 'key:' || id from signing_key where sealed_private_key is not null
      order by created_at, id limit 1""";

  private MasterKeyTable() {}

  /** A key by its id, as {@code master_key} has it. */
  record Row(
      String id,
      int generation,
      Instant currentSince,
      @Nullable Instant resealedAt) {}

  /** A sealed value and what names its row. */
  record Sealed(List<String> primaryKey, byte[] value, String context) {}

  /** Until the transaction ends. */
  static void lock(Connection transaction) throws SQLException {
    try (Statement lock = transaction.createStatement()) {
      lock.execute(LOCK);
    }
  }

  static List<Row> rows(Connection connection) throws SQLException {
    try (Statement query = connection.createStatement();
        ResultSet row = query.executeQuery(ROWS)) {
      List<Row> rows = new ArrayList<>();
      while (row.next()) {
        OffsetDateTime resealed = row.getObject(4, OffsetDateTime.class);
        rows.add(new Row(
            row.getString(1),
            row.getInt(2),
            row.getObject(3, OffsetDateTime.class).toInstant(),
            resealed == null ? null : resealed.toInstant()));
      }
      return rows;
    }
  }

  static void add(Connection transaction, String id, int generation, Instant since)
      throws SQLException {
    try (PreparedStatement add = transaction.prepareStatement(ADD)) {
      add.setString(1, id);
      add.setInt(2, generation);
      add.setObject(3, since.atOffset(ZoneOffset.UTC));
      add.executeUpdate();
    }
  }

  static List<String> retire(Connection transaction, String current, Instant at)
      throws SQLException {
    try (PreparedStatement retire = transaction.prepareStatement(RETIRE)) {
      retire.setObject(1, at.atOffset(ZoneOffset.UTC));
      retire.setString(2, current);
      retire.setString(3, current);
      List<String> retired = new ArrayList<>();
      try (ResultSet row = retire.executeQuery()) {
        while (row.next()) {
          retired.add(row.getString(1));
        }
      }
      return retired;
    }
  }

  static @Nullable Sealed oldestKey(Connection connection) throws SQLException {
    try (Statement query = connection.createStatement();
        ResultSet row = query.executeQuery(OLDEST_KEY)) {
      return row.next()
          ? new Sealed(List.of(row.getString(1)), row.getBytes(2), row.getString(3))
          : null;
    }
  }

  /** At most {@link #MOST} values after this primary key that do not begin with {@code header}; locked rows are left out. */
  static List<Sealed> sealedOtherwise(
      Connection transaction, SealedColumn column, List<String> after, byte[] header)
      throws SQLException {
    String key = String.join(", ", column.primaryKey());
    String sql = "select " + column.column() + ", " + column.context() + ", "
        + column.primaryKey().stream()
            .map(part -> "cast(" + part + " as text)")
            .collect(Collectors.joining(", "))
        + " from " + column.table()
        + " where " + otherwise(column)
        + (after.isEmpty() ? "" : " and (" + key + ") > (" + marks(column) + ")")
        + " order by " + key + " limit " + MOST + " for update skip locked";
    try (PreparedStatement query = transaction.prepareStatement(sql)) {
      query.setBytes(1, header);
      bind(query, 2, after);
      List<Sealed> found = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          List<String> primaryKey = new ArrayList<>();
          for (int i = 0; i < column.primaryKey().size(); i++) {
            primaryKey.add(row.getString(3 + i));
          }
          found.add(new Sealed(primaryKey, row.getBytes(1), row.getString(2)));
        }
      }
      return found;
    }
  }

  /** Unless the value has changed meanwhile. Answers how many rows changed. */
  static int replace(Connection transaction, SealedColumn column, Sealed former, byte[] value)
      throws SQLException {
    String sql = "update " + column.table() + " set " + column.column() + " = ? where "
        + column.column() + " = ? and (" + String.join(", ", column.primaryKey()) + ") = ("
        + marks(column) + ")";
    try (PreparedStatement update = transaction.prepareStatement(sql)) {
      update.setBytes(1, value);
      update.setBytes(2, former.value());
      bind(update, 3, former.primaryKey());
      return update.executeUpdate();
    }
  }

  static long countOtherwise(Connection connection, SealedColumn column, byte[] header)
      throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(
        "select count(*) from " + column.table() + " where " + otherwise(column))) {
      query.setBytes(1, header);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /** How many values each of these keys has sealed; those of the former format under {@link #FORMER}. */
  static Map<String, Long> counts(
      Connection connection, List<SealedColumn> columns, List<String> ids) throws SQLException {
    Map<String, Long> counts = new HashMap<>();
    for (SealedColumn column : columns) {
      String sql = """
          select case when get_byte(v, 0) = 1 and substr(encode(substr(v, 2, 4), 'hex'), 1, 8) = any (?)
            then encode(substr(v, 2, 4), 'hex') else '' end as id, count(*)
          from (select %s as v from %s) as sealed where v is not null and length(v) > 0 group by id""".formatted(column.column(), column.table());
      try (PreparedStatement query = connection.prepareStatement(sql)) {
        query.setArray(1, connection.createArrayOf("text", ids.toArray()));
        try (ResultSet row = query.executeQuery()) {
          while (row.next()) {
            counts.merge(row.getString(1), row.getLong(2), Long::sum);
          }
        }
      }
    }
    return counts;
  }

  private static String otherwise(SealedColumn column) {
    return column.column() + " is not null and substr(" + column.column() + ", 1, "
        + MasterKey.HEADER_OCTETS + ") <> ?";
  }

  private static String marks(SealedColumn column) {
    return String.join(", ", Collections.nCopies(column.primaryKey().size(), "?"));
  }

  /** As text without a type, so that the database takes it for that of the column. */
  private static void bind(PreparedStatement statement, int from, List<String> values)
      throws SQLException {
    for (int i = 0; i < values.size(); i++) {
      statement.setObject(from + i, values.get(i), Types.OTHER);
    }
  }
}

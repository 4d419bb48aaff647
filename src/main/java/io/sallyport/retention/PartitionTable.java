package io.sallyport.retention;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is known of partitions, and the statements that make and drop them. One connection, one thread. */
final class PartitionTable {
  /** Whoever reads the table is done sooner; whoever is not is waited for another time. */
  private static final String SHORT_WAIT = "set local lock_timeout = '2s'";

  private static final String ALL = """
      select starts, ends, name, first_position is not null or parent <> 'fact', last_position, announced_at, detached_at,
        dropped_at, term
      from time_partition where parent = ? order by starts""";
  private static final String LAST_POSITION = "select max(position) from fact where period = ?";
  private static final String ADD = "select add_time_partition(?, ?, ?)";
  private static final String OPEN = "select open_partition(?)";
  private static final String ANNOUNCE =
      "update time_partition set announced_at = ?, last_position = ? where parent = ? and starts = ?";
  private static final String DETACH =
      "update time_partition set detached_at = ?, term = ? where parent = ? and starts = ?";
  private static final String DROP =
      "update time_partition set dropped_at = ? where parent = ? and starts = ?";
  private static final String ANNOUNCED_AT = """
      select max(position) from fact where subject = ? and kind = 'retention.announced'""";
  private static final String SIZE =
      "select pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::bigint from pg_class c where c.oid = to_regclass(?)";

  private final Connection connection;

  PartitionTable(Connection connection) {
    this.connection = connection;
  }

  /** The oldest first, those that are gone included. */
  List<Partition> all(RecordKind kind) throws SQLException {
    try (PreparedStatement all = connection.prepareStatement(ALL)) {
      all.setString(1, kind.table());
      List<Partition> found = new ArrayList<>();
      try (ResultSet row = all.executeQuery()) {
        while (row.next()) {
          Long until = row.getObject(5, Long.class);
          found.add(new Partition(
              kind,
              row.getObject(1, LocalDate.class),
              row.getObject(2, LocalDate.class),
              row.getString(3),
              row.getBoolean(4),
              until,
              instant(row, 6),
              instant(row, 7),
              instant(row, 8),
              row.getString(9)));
        }
      }
      return found;
    }
  }

  /** The first day of the partition that what happens now belongs to. */
  Optional<LocalDate> open(RecordKind kind) throws SQLException {
    try (PreparedStatement open = connection.prepareStatement(OPEN)) {
      open.setString(1, kind.table());
      try (ResultSet row = open.executeQuery()) {
        row.next();
        return Optional.ofNullable(row.getObject(1, LocalDate.class));
      }
    }
  }

  @Nullable
  Long lastPosition(Partition partition) throws SQLException {
    try (PreparedStatement last = connection.prepareStatement(LAST_POSITION)) {
      last.setObject(1, partition.begin());
      try (ResultSet row = last.executeQuery()) {
        row.next();
        return row.getObject(1, Long.class);
      }
    }
  }

  /** Whether anything in it was made at {@code time} or later; along a small index. */
  boolean younger(Partition partition, Instant time) throws SQLException {
    String column = partition.kind().time();
    if (column == null) {
      return false;
    }
    try (PreparedStatement younger = connection.prepareStatement(
        "select exists (select from " + quoted(partition) + " where " + column + " >= ?)")) {
      younger.setObject(1, time.atOffset(ZoneOffset.UTC));
      try (ResultSet row = younger.executeQuery()) {
        row.next();
        return row.getBoolean(1);
      }
    }
  }

  /** Where the log tells that its content will go, the last time; 0 when that has no number yet. */
  long announcement(Partition partition) throws SQLException {
    try (PreparedStatement announced = connection.prepareStatement(ANNOUNCED_AT)) {
      announced.setString(1, partition.name());
      try (ResultSet row = announced.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  void add(RecordKind kind, LocalDate begin, LocalDate end) throws SQLException {
    waitShortly();
    try (PreparedStatement add = connection.prepareStatement(ADD)) {
      add.setString(1, kind.table());
      add.setObject(2, begin);
      add.setObject(3, end);
      add.executeQuery().close();
    }
  }

  void announce(Partition partition, @Nullable Instant at, @Nullable Long until)
      throws SQLException {
    try (PreparedStatement announce = connection.prepareStatement(ANNOUNCE)) {
      announce.setObject(1, at == null ? null : at.atOffset(ZoneOffset.UTC));
      announce.setObject(2, until);
      announce.setString(3, partition.kind().table());
      announce.setObject(4, partition.begin());
      one(announce);
    }
  }

  /** From the commit on nobody reads it any more. */
  void detach(Partition partition, Instant at, String term) throws SQLException {
    waitShortly();
    execute("alter table " + partition.kind().table() + " detach partition " + quoted(partition));
    try (PreparedStatement detach = connection.prepareStatement(DETACH)) {
      detach.setObject(1, at.atOffset(ZoneOffset.UTC));
      detach.setString(2, term);
      detach.setString(3, partition.kind().table());
      detach.setObject(4, partition.begin());
      one(detach);
    }
  }

  void drop(Partition partition, Instant at) throws SQLException {
    waitShortly();
    execute("drop table if exists " + quoted(partition));
    try (PreparedStatement drop = connection.prepareStatement(DROP)) {
      drop.setObject(1, at.atOffset(ZoneOffset.UTC));
      drop.setString(2, partition.kind().table());
      drop.setObject(3, partition.begin());
      one(drop);
    }
  }

  /** Octets and rows, as far as the database knows without counting. */
  long[] size(Partition partition) throws SQLException {
    try (PreparedStatement size = connection.prepareStatement(SIZE)) {
      size.setString(1, quoted(partition));
      try (ResultSet row = size.executeQuery()) {
        return row.next() ? new long[] {row.getLong(1), row.getLong(2)} : new long[2];
      }
    }
  }

  private void waitShortly() throws SQLException {
    execute(SHORT_WAIT);
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void one(PreparedStatement update) throws SQLException {
    if (update.executeUpdate() != 1) {
      throw new IllegalStateException("a partition is not known any more");
    }
  }

  private static String quoted(Partition partition) {
    return '"' + partition.name().replace("\"", "\"\"") + '"';
  }

  private static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
    OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
    return at == null ? null : at.toInstant();
  }
}

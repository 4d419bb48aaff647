package io.sallyport.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleLeaf;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads the log from the database. */
final class SealedLog {
  private static final Duration LONGEST_SEAL = Duration.ofSeconds(10);
  private static final Duration LOOK = Duration.ofMillis(20);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, String>> STRINGS = new TypeReference<>() {};

  private static final String ENTRIES = """
      select f.position, f.id, f.at, f.kind, f.actor, f.subject_type, f.subject, f.detail, f.leaf, l.hash
      from fact f left join log_leaf l on l.position = f.position""";
  private static final String LEAVES =
      "select position, hash from log_leaf where position > ? order by position limit ?";
  private static final String CHECKPOINTS = """
      select size, root, at, note
        || coalesce((select string_agg(line || E'\\n', '' order by witness) from checkpoint_cosignature s
          where s.size = c.size), '')
      from checkpoint c where size > ? and note is not null order by size limit ?""";
  private static final String LATEST = CHECKPOINTS.replace("by size limit", "by size desc limit");
  private static final String NEWEST = "select id from fact_waiting order by id desc limit 1";
  private static final String UNNUMBERED =
      "select exists (select 1 from fact_waiting where id <= ?)";
  private static final String NUMBERED = "select coalesce(max(position), 0) from fact";

  private final DataSource database;

  SealedLog(DataSource database) {
    this.database = database;
  }

  Page<LogEntry> entries(long after, int limit, @Nullable String subject, @Nullable String kind) {
    return entries(
        " where f.period >= fact_period(?) and f.position > ?",
        after,
        limit,
        subject,
        kind,
        " order by f.position");
  }

  Page<LogEntry> newest(long before, int limit, @Nullable String subject, @Nullable String kind) {
    return entries(
        " where f.period <= fact_period(?) and f.position < ?",
        before,
        limit,
        subject,
        kind,
        " order by f.position desc");
  }

  Optional<LogEntry> entry(long position) {
    return entries(position - 1, 1, null, null).items().stream()
        .filter(entry -> entry.position() == position)
        .findFirst();
  }

  private Page<LogEntry> entries(
      String where,
      long position,
      int limit,
      @Nullable String subject,
      @Nullable String kind,
      String order) {
    int most = Math.clamp(limit, 1, Page.MOST);
    String query = ENTRIES
        + where
        + (subject == null ? "" : " and f.subject = ?")
        + (kind == null ? "" : " and f.kind = ?")
        + order
        + " limit ?";
    List<Object> arguments = new ArrayList<>();
    arguments.add(position);
    arguments.add(position);
    if (subject != null) {
      arguments.add(subject);
    }
    if (kind != null) {
      arguments.add(kind);
    }
    arguments.add(most + 1);
    return Page.cut(
        rows(query, SealedLog::entry, arguments.toArray()), most, e -> Long.toString(e.position()));
  }

  Page<AuditLog.Leaf> leaves(long after, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<AuditLog.Leaf> rows = rows(
        LEAVES,
        row -> new AuditLog.Leaf(row.getLong(1), Digest.ofOctets(row.getBytes(2))),
        after,
        most + 1);
    return Page.cut(rows, most, leaf -> Long.toString(leaf.position()));
  }

  Page<Checkpoint> checkpoints(long afterSize, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<Checkpoint> rows = rows(CHECKPOINTS, SealedLog::checkpoint, afterSize, most + 1);
    return Page.cut(rows, most, checkpoint -> Long.toString(checkpoint.size()));
  }

  Optional<Checkpoint> latest() {
    return rows(LATEST, SealedLog::checkpoint, 0L, 1).stream().findFirst();
  }

  /** Waits for the jobs, which {@code wake} wakes. */
  Optional<Checkpoint> awaitSealed(Runnable wake) {
    List<UUID> newest = rows(NEWEST, row -> row.getObject(1, UUID.class));
    long target = -1;
    long end = System.nanoTime() + LONGEST_SEAL.toNanos();
    while (System.nanoTime() - end < 0) {
      if (target < 0
          && (newest.isEmpty()
              || !rows(UNNUMBERED, row -> row.getBoolean(1), newest.getFirst()).getFirst())) {
        target = rows(NUMBERED, row -> row.getLong(1)).getFirst();
      }
      Optional<Checkpoint> latest = latest();
      if (target >= 0 && latest.map(Checkpoint::size).orElse(0L) >= target) {
        return latest;
      }
      wake.run();
      LockSupport.parkNanos(this, LOOK.toNanos());
    }
    throw new Refusal(CommonProblem.UNAVAILABLE, "The log was not sealed in time; try again.");
  }

  private static LogEntry entry(ResultSet row) throws SQLException {
    MerkleLeaf leaf = MerkleLeaf.ofOctets(row.getBytes(9));
    byte @Nullable [] hash = row.getBytes(10);
    return new LogEntry(
        row.getLong(1),
        row.getObject(2, UUID.class),
        instant(row, 3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        row.getString(7),
        detail(row.getString(8)),
        leaf,
        hash == null ? leaf.hash() : Digest.ofOctets(hash));
  }

  private static Checkpoint checkpoint(ResultSet row) throws SQLException {
    return new Checkpoint(
        row.getLong(1), Digest.ofOctets(row.getBytes(2)), instant(row, 3), row.getString(4));
  }

  private static Instant instant(ResultSet row, int column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  /** Reading and writing again must give the same text, or a change that JSON does not see would go unnoticed. */
  private static Map<String, String> detail(String text) {
    try {
      Map<String, String> detail = JSON.readValue(text, STRINGS);
      if (detail != null
          && !detail.containsValue(null)
          && MerkleLeaf.detail(detail).equals(text)) {
        return detail;
      }
    } catch (JsonProcessingException e) {
      // Falls through: the text was tampered with, and is shown as it is.
    }
    return Map.of("unreadable", text);
  }

  private <T> List<T> rows(String query, Reader<T> reader, Object... arguments) {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(query)) {
      for (int i = 0; i < arguments.length; i++) {
        statement.setObject(i + 1, arguments[i]);
      }
      List<T> rows = new ArrayList<>();
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          rows.add(reader.read(row));
        }
      }
      return rows;
    } catch (SQLException e) {
      throw new IllegalStateException("the log could not be read", e);
    }
  }

  /** Makes a record of a row. */
  private interface Reader<T> {
    T read(ResultSet row) throws SQLException;
  }
}

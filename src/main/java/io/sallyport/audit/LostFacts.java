package io.sallyport.audit;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.MerkleLeaf;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The parts of a log that were brought back, and their way into the log itself. One connection, one thread. */
final class LostFacts {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final String BRING_FACT = """
      insert into lost_fact (position, leaf) values (?, ?) on conflict (position) do update set leaf = excluded.leaf""";
  private static final String BRING_NOTE = """
      insert into lost_checkpoint (size, note) values (?, ?) on conflict (size) do update set note = excluded.note""";
  private static final String FACTS =
      "select position, leaf from lost_fact where position > ? and position <= ? order by position limit ?";
  private static final String NOTE =
      "select size, note from lost_checkpoint where size > ? order by size limit 1";
  private static final String LAST = "select coalesce(max(size), 0) from lost_checkpoint";
  private static final String UNNUMBER = """
      with last as (delete from fact where position > ? returning *)
      insert into fact_waiting (id, at, kind, actor, subject_type, subject, detail, leaf)
      select id, at, kind, actor, subject_type, subject, detail, leaf from last""";
  /** A partition that holds nothing any more begins anew. */
  private static final String NOT_BEGUN =
      "update time_partition set first_position = null where parent = 'fact' and first_position > ?";

  private static final String RENUMBERED =
      "update database_identity set renumbered = renumbered + 1";
  private static final String SEQUENCED_TO = "update job_epoch set mark = ? where job = 'sequence'";
  private static final String THERE = "select id, leaf from fact_waiting where id = any (?)";
  private static final String PUT = """
      insert into fact (id, at, kind, actor, subject_type, subject, detail, leaf, position, period)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, open_partition('fact'))""";
  private static final String NO_LONGER_WAITING = "delete from fact_waiting where id = any (?)";
  private static final String BEGUN = """
      update time_partition set first_position = ?
      where parent = 'fact' and starts = open_partition('fact') and first_position is null""";

  private final Connection connection;

  LostFacts(Connection connection) {
    this.connection = connection;
  }

  /** A checkpoint as it was brought. */
  record Note(long size, String text) {}

  void bring(long after, List<byte[]> leaves, Map<Long, String> notes) throws SQLException {
    try (PreparedStatement fact = connection.prepareStatement(BRING_FACT);
        PreparedStatement note = connection.prepareStatement(BRING_NOTE)) {
      long position = after;
      for (byte[] leaf : leaves) {
        fact.setLong(1, ++position);
        fact.setBytes(2, leaf);
        fact.addBatch();
      }
      fact.executeBatch();
      for (Map.Entry<Long, String> one : notes.entrySet()) {
        note.setLong(1, one.getKey());
        note.setString(2, one.getValue());
        note.addBatch();
      }
      note.executeBatch();
    }
  }

  /** The size of the largest checkpoint that was brought, 0 when there is none. */
  long last() throws SQLException {
    try (Statement last = connection.createStatement();
        ResultSet row = last.executeQuery(LAST)) {
      row.next();
      return row.getLong(1);
    }
  }

  /** The first checkpoint behind this size, or null. */
  @Nullable
  Note note(long size) throws SQLException {
    try (PreparedStatement note = connection.prepareStatement(NOTE)) {
      note.setLong(1, size);
      try (ResultSet row = note.executeQuery()) {
        return row.next() ? new Note(row.getLong(1), row.getString(2)) : null;
      }
    }
  }

  /** At most {@code most} facts behind {@code after} and up to {@code to}; refuses a gap. */
  List<LogEntry> facts(long after, long to, int most) throws SQLException {
    List<LogEntry> facts = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(FACTS)) {
      query.setLong(1, after);
      query.setLong(2, to);
      query.setInt(3, most);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          if (row.getLong(1) != after + facts.size() + 1) {
            break;
          }
          facts.add(entry(row.getLong(1), row.getBytes(2)));
        }
      }
    }
    if (facts.isEmpty() || facts.size() < Math.min(most, to - after)) {
      throw new Refusal(
          CommonProblem.INVALID,
          "Fact " + (after + facts.size() + 1) + " was not brought; send all of the export.");
    }
    return facts;
  }

  /** What has a number but is under no checkpoint waits for a new one, behind what was lost. */
  void unnumber(long sealed) throws SQLException {
    try (Statement triggers = connection.createStatement();
        PreparedStatement unnumber = connection.prepareStatement(UNNUMBER);
        PreparedStatement begins = connection.prepareStatement(NOT_BEGUN);
        PreparedStatement sequenced = connection.prepareStatement(SEQUENCED_TO)) {
      for (String table : List.of("fact", "time_partition")) {
        triggers.execute("alter table " + table + " disable trigger user");
      }
      unnumber.setLong(1, sealed);
      if (unnumber.executeUpdate() > 0) {
        triggers.execute(RENUMBERED);
      }
      begins.setLong(1, sealed);
      begins.executeUpdate();
      for (String table : List.of("fact", "time_partition")) {
        triggers.execute("alter table " + table + " enable trigger user");
      }
      sequenced.setLong(1, sealed);
      sequenced.executeUpdate();
    }
  }

  /** Puts facts in their places, behind the last; one that waits there waits no more. */
  void put(List<LogEntry> facts) throws SQLException {
    Map<UUID, byte[]> there = there(facts);
    try (PreparedStatement begun = connection.prepareStatement(BEGUN);
        PreparedStatement put = connection.prepareStatement(PUT);
        PreparedStatement gone = connection.prepareStatement(NO_LONGER_WAITING)) {
      begun.setLong(1, facts.getFirst().position());
      begun.executeUpdate();
      for (LogEntry fact : facts) {
        byte[] known = there.get(fact.id());
        if (known != null && !Arrays.equals(known, fact.leaf().octets())) {
          throw new Refusal(
              CommonProblem.CONFLICT,
              "This database has another fact than the export under the id " + fact.id() + ".");
        }
        bind(put, fact);
        put.addBatch();
      }
      put.executeBatch();
      if (!there.isEmpty()) {
        gone.setArray(1, connection.createArrayOf("uuid", there.keySet().toArray()));
        gone.executeUpdate();
      }
    }
  }

  private Map<UUID, byte[]> there(List<LogEntry> facts) throws SQLException {
    Map<UUID, byte[]> there = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(THERE)) {
      query.setArray(
          1, connection.createArrayOf("uuid", facts.stream().map(LogEntry::id).toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          there.put(row.getObject(1, UUID.class), row.getBytes(2));
        }
      }
    }
    return there;
  }

  private static void bind(PreparedStatement put, LogEntry fact) throws SQLException {
    put.setObject(1, fact.id());
    put.setObject(2, fact.at().atOffset(ZoneOffset.UTC));
    put.setString(3, fact.kind());
    put.setString(4, fact.actor());
    put.setString(5, fact.subjectType());
    put.setString(6, fact.subject());
    put.setString(7, MerkleLeaf.detail(fact.detail()));
    put.setBytes(8, fact.leaf().octets());
    put.setLong(9, fact.position());
  }

  void clear() throws SQLException {
    try (Statement clear = connection.createStatement()) {
      clear.execute("truncate lost_fact, lost_checkpoint");
    }
  }

  /** Reads a leaf, which must be exactly what its fields make; refuses anything else. */
  static LogEntry entry(long position, byte[] octets) {
    try {
      JsonNode json = JSON.readTree(octets);
      Map<String, String> detail = new TreeMap<>();
      json.path("detail")
          .properties()
          .forEach(one -> detail.put(one.getKey(), one.getValue().textValue()));
      LogEntry entry = new LogEntry(
          position,
          UUID.fromString(json.path("id").asText()),
          Instant.parse(json.path("at").asText()),
          json.path("kind").asText(),
          json.path("actor").asText(),
          json.path("subject_type").asText(),
          json.path("subject").asText(),
          detail,
          MerkleLeaf.ofOctets(octets),
          MerkleLeaf.ofOctets(octets).hash());
      if (computed(entry).equals(entry.leaf())) {
        return entry;
      }
    } catch (IOException | DateTimeException | IllegalArgumentException | NullPointerException e) {
      // Told below.
    }
    throw new Refusal(
        CommonProblem.INVALID, "Fact " + position + " is not written as facts are written.");
  }

  private static MerkleLeaf computed(LogEntry entry) {
    return MerkleLeaf.of(
        entry.id(),
        entry.at(),
        entry.kind(),
        entry.actor(),
        entry.subjectType(),
        entry.subject(),
        entry.detail());
  }
}

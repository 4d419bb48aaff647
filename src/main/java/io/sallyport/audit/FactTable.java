package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.MerkleLeaf;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;

/** Writes facts, unnumbered. Ids rise within this process, so that the facts of one change keep their order. */
final class FactTable {
  private static final String INSERT = """
      insert into fact_waiting (id, at, kind, actor, subject_type, subject, detail, leaf)
      select * from unnest(?, ?, ?, ?, ?, ?, ?, ?)""";

  /** What an entry bundle of C2SP tlog-tiles can hold. */
  static final int MOST_LEAF = 0xffff;

  /** Far more than any fact says; a name that somebody sends in must not make a fact that no bundle can hold. */
  private static final int MOST_TEXT = 1000;

  private final Clock clock;
  private final Ids ids;
  private UUID last = new UUID(0, 0);

  FactTable(Clock clock, Ids ids) {
    this.clock = clock;
    this.ids = ids;
  }

  UUID insert(Connection transaction, Fact fact) throws SQLException {
    return insert(transaction, List.of(fact)).getFirst();
  }

  /** All in one round trip. Answers their ids. */
  List<UUID> insert(Connection transaction, List<Fact> facts) throws SQLException {
    List<Waiting> rows = facts.stream().map(this::waiting).toList();
    try (PreparedStatement insert = transaction.prepareStatement(INSERT)) {
      insert.setArray(1, array(transaction, "uuid", rows, Waiting::id));
      insert.setArray(
          2, array(transaction, "timestamptz", rows, row -> row.at.atOffset(ZoneOffset.UTC)));
      insert.setArray(3, array(transaction, "text", rows, Waiting::kind));
      insert.setArray(4, array(transaction, "text", rows, Waiting::actor));
      insert.setArray(5, array(transaction, "text", rows, Waiting::subjectType));
      insert.setArray(6, array(transaction, "text", rows, Waiting::subject));
      insert.setArray(7, array(transaction, "text", rows, Waiting::detail));
      insert.setArray(
          8,
          transaction.createArrayOf(
              "bytea", rows.stream().map(Waiting::leaf).toArray(byte[][]::new)));
      insert.executeUpdate();
    }
    return rows.stream().map(Waiting::id).toList();
  }

  private static Array array(
      Connection transaction, String type, List<Waiting> rows, Function<Waiting, Object> value)
      throws SQLException {
    return transaction.createArrayOf(type, rows.stream().map(value).toArray());
  }

  private record Waiting(
      UUID id,
      Instant at,
      String kind,
      String actor,
      String subjectType,
      String subject,
      String detail,
      byte[] leaf) {}

  private Waiting waiting(Fact fact) {
    UUID id = nextId();
    Instant at = clock.instant().truncatedTo(ChronoUnit.MICROS);
    String kind = text(fact.kind());
    String actor = text(fact.actor().toString());
    String subjectType = text(fact.subjectType());
    String subject = text(fact.subject());
    Map<String, String> detail = new TreeMap<>();
    fact.detail()
        .forEach((name, value) -> detail.put(MerkleLeaf.text(name), MerkleLeaf.text(value)));
    MerkleLeaf leaf = MerkleLeaf.of(id, at, kind, actor, subjectType, subject, detail);
    while (leaf.octets().length > MOST_LEAF) {
      cut(detail);
      leaf = MerkleLeaf.of(id, at, kind, actor, subjectType, subject, detail);
    }
    return new Waiting(
        id, at, kind, actor, subjectType, subject, MerkleLeaf.detail(detail), leaf.octets());
  }

  private static String text(String value) {
    String text = MerkleLeaf.text(value);
    return text.length() <= MOST_TEXT ? text : shortened(text);
  }

  /** Makes the longest part of a detail that is too large shorter, or takes the last name out when all are short. */
  private static void cut(Map<String, String> detail) {
    Map.Entry<String, String> longest = detail.entrySet().stream()
        .max(Comparator.comparingInt(entry -> entry.getValue().length()))
        .orElseThrow();
    if (longest.getValue().length() > MOST_TEXT) {
      longest.setValue(shortened(longest.getValue()));
    } else {
      detail.remove(
          detail.keySet().stream().max(Comparator.comparingInt(String::length)).orElseThrow());
    }
  }

  /** The beginning, and a digest that the whole can be compared with. */
  private static String shortened(String text) {
    String digest = Digest.of(text.getBytes(StandardCharsets.UTF_8)).hex();
    return MerkleLeaf.text(text.substring(0, MOST_TEXT / 2)) + "… (" + text.length()
        + " characters, SHA-256 " + digest + ")";
  }

  private synchronized UUID nextId() {
    UUID next = ids.next();
    // Version 7 sorts by the millisecond only; within one, count on from the last.
    if (next.getMostSignificantBits() >>> 16 <= last.getMostSignificantBits() >>> 16) {
      next = new UUID(last.getMostSignificantBits(), last.getLeastSignificantBits() + 1);
    }
    last = next;
    return next;
  }
}

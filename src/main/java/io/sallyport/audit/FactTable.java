package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.MerkleLeaf;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** Writes facts, unnumbered. Ids rise within this process, so that the facts of one change keep their order. */
final class FactTable {
  private static final String INSERT = """
      insert into fact_waiting (id, at, kind, actor, subject_type, subject, detail, leaf)
      values (?, ?, ?, ?, ?, ?, ?, ?)""";

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
    List<UUID> written = new ArrayList<>();
    try (PreparedStatement insert = transaction.prepareStatement(INSERT)) {
      for (Fact fact : facts) {
        written.add(bind(insert, fact));
        insert.addBatch();
      }
      insert.executeBatch();
    }
    return written;
  }

  private UUID bind(PreparedStatement insert, Fact fact) throws SQLException {
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
    insert.setObject(1, id);
    insert.setObject(2, at.atOffset(ZoneOffset.UTC));
    insert.setString(3, kind);
    insert.setString(4, actor);
    insert.setString(5, subjectType);
    insert.setString(6, subject);
    insert.setString(7, MerkleLeaf.detail(detail));
    insert.setBytes(8, leaf.octets());
    return id;
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

package io.sallyport.audit;

import io.sallyport.kernel.Ids;
import io.sallyport.kernel.MerkleLeaf;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** Writes facts, unnumbered. Ids rise within this process, so that the facts of one change keep their order. */
final class FactTable {
  private static final String INSERT = """
      insert into fact (id, at, kind, actor, subject_type, subject, detail, leaf) values (?, ?, ?, ?, ?, ?, ?, ?)""";

  private final Clock clock;
  private final Ids ids;
  private UUID last = new UUID(0, 0);

  FactTable(Clock clock, Ids ids) {
    this.clock = clock;
    this.ids = ids;
  }

  UUID insert(Connection transaction, Fact fact) throws SQLException {
    UUID id = nextId();
    Instant at = clock.instant().truncatedTo(ChronoUnit.MICROS);
    String kind = MerkleLeaf.text(fact.kind());
    String actor = MerkleLeaf.text(fact.actor().toString());
    String subjectType = MerkleLeaf.text(fact.subjectType());
    String subject = MerkleLeaf.text(fact.subject());
    Map<String, String> detail = new TreeMap<>();
    fact.detail()
        .forEach((name, value) -> detail.put(MerkleLeaf.text(name), MerkleLeaf.text(value)));
    MerkleLeaf leaf = MerkleLeaf.of(id, at, kind, actor, subjectType, subject, detail);
    try (PreparedStatement insert = transaction.prepareStatement(INSERT)) {
      insert.setObject(1, id);
      insert.setObject(2, at.atOffset(ZoneOffset.UTC));
      insert.setString(3, kind);
      insert.setString(4, actor);
      insert.setString(5, subjectType);
      insert.setString(6, subject);
      insert.setString(7, MerkleLeaf.detail(detail));
      insert.setBytes(8, leaf.octets());
      insert.executeUpdate();
    }
    return id;
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

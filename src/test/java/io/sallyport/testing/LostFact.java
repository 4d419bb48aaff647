package io.sallyport.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import io.sallyport.audit.Replay.Effect;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleLeaf;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** What a restore does to one act: its rows are as they were, and its fact is brought back by a replay. */
public final class LostFact {
  private LostFact() {}

  /** A fact as the interface for people tells it. */
  public static LogEntry of(JsonNode fact) {
    Map<String, String> detail = new HashMap<>();
    fact.get("detail")
        .properties()
        .forEach(one -> detail.put(one.getKey(), one.getValue().asText()));
    UUID id = UUID.fromString(fact.get("id").asText());
    Instant at = Instant.parse(fact.get("at").asText());
    String kind = fact.get("kind").asText();
    String actor = fact.get("actor").asText();
    String subjectType = fact.get("subject_type").asText();
    String subject = fact.get("subject").asText();
    MerkleLeaf leaf = MerkleLeaf.of(id, at, kind, actor, subjectType, subject, detail);
    return new LogEntry(
        fact.get("position").asLong(),
        id,
        at,
        kind,
        actor,
        subjectType,
        subject,
        detail,
        leaf,
        Digest.of(leaf.octets()));
  }

  /** The same with another detail. */
  public static LogEntry with(LogEntry entry, String name, String value) {
    Map<String, String> detail = new HashMap<>(entry.detail());
    detail.put(name, value);
    return new LogEntry(
        entry.position(),
        entry.id(),
        entry.at(),
        entry.kind(),
        entry.actor(),
        entry.subjectType(),
        entry.subject(),
        detail,
        entry.leaf(),
        entry.hash());
  }

  /** Replays in a transaction of its own. */
  public static Effect replay(Replay replay, LogEntry lost) {
    try (Connection connection = Database.connect()) {
      Effect effect = replay.replay(connection, lost, further -> {
        throw new AssertionError("nothing further was to be done");
      });
      connection.commit();
      return effect;
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** Puts rows back; fails unless some were. */
  public static void restore(String sql, Object... values) {
    try (Connection connection = Database.connect();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      if (statement.executeUpdate() == 0) {
        throw new AssertionError("nothing was restored by " + sql);
      }
      connection.commit();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}

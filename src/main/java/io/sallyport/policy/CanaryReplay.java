package io.sallyport.policy;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import io.sallyport.kernel.Actor;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * Ends a canary that a restored database has living, though it was abandoned or over. One that was promoted lives on until it
 * is promoted again by hand: ended, its share would fall back behind what all had already.
 */
@Singleton
final class CanaryReplay implements Replay {
  private static final Logger LOG = Logger.getLogger(CanaryReplay.class);
  private static final String LIVING =
      "select number, until_at from policy_canary where ended_at is null";
  private static final String END = """
      update policy_canary set ended_at = ?, outcome = ?
      where number::text = ? and candidate = ? and ended_at is null""";

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    return switch (lost.kind()) {
      case "policy-canary.abandoned" -> end(transaction, lost, "abandoned");
      case "policy-canary.expired" -> end(transaction, lost, "expired");
      default -> Effect.NONE;
    };
  }

  /** Tells of one that lives on, since what became of it may be in no fact that was brought. */
  @Override
  public List<Fact> end(Connection transaction, Actor by, Map<String, Long> lists)
      throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(LIVING);
        ResultSet row = query.executeQuery()) {
      while (row.next()) {
        LOG.warnf(
            "Canary %d is in the restored database and lives until %s: promote or abandon it (admin policy canary)",
            row.getLong(1), row.getObject(2, OffsetDateTime.class).toInstant());
      }
    }
    return List.of();
  }

  private static Effect end(Connection transaction, LogEntry lost, String outcome)
      throws SQLException {
    try (PreparedStatement end = transaction.prepareStatement(END)) {
      end.setObject(1, lost.at().atOffset(ZoneOffset.UTC));
      end.setString(2, outcome);
      end.setString(3, lost.subject());
      end.setString(4, lost.detail().getOrDefault("candidate", ""));
      return end.executeUpdate() > 0 ? Effect.DONE : Effect.NONE;
    }
  }
}

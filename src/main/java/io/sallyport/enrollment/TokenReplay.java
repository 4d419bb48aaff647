package io.sallyport.enrollment;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.function.Consumer;

/**
 * A token that was used in a part of the log that a restored database lost would count once more: no fact says which one it
 * was, so all that the device had by then are spent.
 */
@Singleton
final class TokenReplay implements Replay {
  private static final String SPEND = """
      update enrollment_token set used_at = ? where device = uuid(?) and used_at is null and created_at <= ?""";

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    if (!lost.kind().equals("certificate.issued") || !lost.subjectType().equals("device")) {
      return Effect.NONE;
    }
    try (PreparedStatement spend = transaction.prepareStatement(SPEND)) {
      spend.setObject(1, lost.at().atOffset(ZoneOffset.UTC));
      spend.setString(2, lost.subject());
      spend.setObject(3, lost.at().atOffset(ZoneOffset.UTC));
      return spend.executeUpdate() > 0 ? Effect.DONE : Effect.NONE;
    }
  }
}

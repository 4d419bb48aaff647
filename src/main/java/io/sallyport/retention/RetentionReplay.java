package io.sallyport.retention;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.function.Consumer;

/** A hold that a restored database lost stands again; one that was lifted is lifted by a person again. */
@Singleton
final class RetentionReplay implements Replay {
  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    return switch (lost.kind()) {
      case "retention.held" -> {
        try (PreparedStatement hold = transaction.prepareStatement(StoredRetention.HOLD)) {
          hold.setObject(1, lost.at().atOffset(ZoneOffset.UTC));
          hold.setString(2, lost.actor());
          hold.setString(3, lost.detail().getOrDefault("reason", "before a restore"));
          yield hold.executeUpdate() == 1 ? Effect.DONE : Effect.NONE;
        }
      }
      case "retention.lifted" -> Effect.BY_HAND;
      default -> Effect.NONE;
    };
  }
}

package io.sallyport.enforcement;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.function.Consumer;

/** Enforcement points that a restored database has back. None is added. */
@Singleton
final class PointReplay implements Replay {
  private static final String REMOVE =
      "update enforcement_point set removed_at = ? where id::text = ? and removed_at is null";

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    return switch (lost.kind()) {
      case "enforcement-point.removed" -> {
        try (PreparedStatement remove = transaction.prepareStatement(REMOVE)) {
          remove.setObject(1, lost.at().atOffset(ZoneOffset.UTC));
          remove.setString(2, lost.subject());
          yield remove.executeUpdate() == 1 ? Effect.DONE : Effect.NONE;
        }
      }
      case "enforcement-point.added", "enforcement-point.changed" -> Effect.BY_HAND;
      default -> Effect.NONE;
    };
  }
}

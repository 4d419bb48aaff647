package io.sallyport.enrollment;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.function.Consumer;

/** A code that was used or taken back in a part of the log that a restored database lost lets nobody claim once more. */
@Singleton
final class OwnershipReplay implements Replay {
  private static final String FORGET = "delete from ownership_release where device = uuid(?)";

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    return switch (lost.kind()) {
      case "device.claimed", "device.kept-by-owner" -> {
        try (PreparedStatement forget = transaction.prepareStatement(FORGET)) {
          forget.setString(1, lost.subject());
          yield forget.executeUpdate() > 0 ? Effect.DONE : Effect.NONE;
        }
      }
      default -> Effect.NONE;
    };
  }
}

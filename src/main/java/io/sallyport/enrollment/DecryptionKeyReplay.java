package io.sallyport.enrollment;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.function.Consumer;

/** Shared secrets that were removed, or that the device's next owner never had, do not come back with a restored database. */
@Singleton
final class DecryptionKeyReplay implements Replay {
  private static final String REMOVE =
      "delete from decryption_key where device = uuid(?) and encode(identifier, 'hex') = ?";
  private static final String REMOVE_ALL = "delete from decryption_key where device = uuid(?)";

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    return switch (lost.kind()) {
      case "device.claimed" -> remove(transaction, REMOVE_ALL, lost.subject());
      case "device.decryption-key-removed" ->
        remove(transaction, REMOVE, lost.subject(), lost.detail().getOrDefault("identifier", ""));
      default -> Effect.NONE;
    };
  }

  private static Effect remove(Connection transaction, String sql, String... values)
      throws SQLException {
    try (PreparedStatement remove = transaction.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        remove.setString(i + 1, values[i]);
      }
      return remove.executeUpdate() > 0 ? Effect.DONE : Effect.NONE;
    }
  }
}

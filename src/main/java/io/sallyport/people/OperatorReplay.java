package io.sallyport.people;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Operators that a restored database has back, or with rights that they had lost. Nobody is added, no token is given. */
@Singleton
final class OperatorReplay implements Replay {
  private static final String REMOVE = "delete from operator where name = ?";
  private static final String END = "delete from console_session where operator = ? and registered";
  private static final String CHANGE = "update operator set roles = ?, sites = ? where name = ?";

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    return switch (lost.kind()) {
      case "operator.removed" -> {
        try (PreparedStatement remove = transaction.prepareStatement(REMOVE)) {
          remove.setString(1, lost.subject());
          boolean there = remove.executeUpdate() == 1;
          end(transaction, lost.subject());
          yield there ? Effect.DONE : Effect.NONE;
        }
      }
      case "operator.changed" -> changed(transaction, lost);
      case "operator.added", "operator.token-renewed" -> Effect.BY_HAND;
      default -> Effect.NONE;
    };
  }

  private static void end(Connection transaction, String operator) throws SQLException {
    try (PreparedStatement end = transaction.prepareStatement(END)) {
      end.setString(1, operator);
      end.executeUpdate();
    }
  }

  private static Effect changed(Connection transaction, LogEntry lost) throws SQLException {
    @Nullable String roles = lost.detail().get("roles");
    @Nullable String sites = lost.detail().get("sites");
    if (roles == null || sites == null) {
      return Effect.BY_HAND;
    }
    try (PreparedStatement change = transaction.prepareStatement(CHANGE)) {
      change.setString(1, roles);
      change.setString(2, sites);
      change.setString(3, lost.subject());
      return change.executeUpdate() == 1 ? Effect.DONE : Effect.NONE;
    }
  }
}

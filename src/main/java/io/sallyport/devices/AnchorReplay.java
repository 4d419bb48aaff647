package io.sallyport.devices;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.function.Consumer;

/** Anchors that were shut or removed in a part of the log that a restored database lost. */
@Singleton
final class AnchorReplay implements Replay {
  private static final String SHUT = """
      update trust_anchor set distrusted_at = ?, distrusted_key = ?, distrust_reason = ?
      where digest = ? and distrusted_at is null""";
  private static final String REMOVE =
      "delete from trust_anchor where digest = ? and distrusted_at is null";

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    String anchor = lost.detail().getOrDefault("anchor", "");
    return switch (lost.kind()) {
      case "manufacturer.anchor-distrusted" -> shut(transaction, lost, anchor);
      case "manufacturer.anchor-removed" -> {
        try (PreparedStatement remove = transaction.prepareStatement(REMOVE)) {
          remove.setString(1, anchor);
          yield remove.executeUpdate() > 0 ? Effect.DONE : Effect.NONE;
        }
      }
      case "manufacturer.anchor-changed",
          "manufacturer.list-taken",
          "manufacturer.list-sources-set" -> Effect.BY_HAND;
      default -> Effect.NONE;
    };
  }

  private static Effect shut(Connection transaction, LogEntry lost, String anchor)
      throws SQLException {
    byte[] key;
    try {
      key = HexFormat.of().parseHex(lost.detail().getOrDefault("key", ""));
    } catch (IllegalArgumentException e) {
      return Effect.BY_HAND;
    }
    try (PreparedStatement shut = transaction.prepareStatement(SHUT)) {
      shut.setObject(1, lost.at().atOffset(ZoneOffset.UTC));
      shut.setBytes(2, key);
      shut.setString(3, lost.detail().getOrDefault("reason", ""));
      shut.setString(4, anchor);
      return shut.executeUpdate() > 0 ? Effect.DONE : Effect.NONE;
    }
  }
}

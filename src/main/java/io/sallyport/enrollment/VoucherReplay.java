package io.sallyport.enrollment;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/** A nonce, or a request, that was answered in a part of the log that a restored database lost is not answered again. */
@Singleton
final class VoucherReplay implements Replay {
  private static final String USE =
      "insert into voucher_use (digest, used_at) values (?, ?) on conflict do nothing";

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    if (!lost.kind().equals("voucher.issued")) {
      return Effect.NONE;
    }
    Effect effect = Effect.NONE;
    for (String use : List.of("used_nonce", "used_request")) {
      String hex = lost.detail().getOrDefault(use, "");
      if (hex.isEmpty()) {
        continue;
      }
      try (PreparedStatement insert = transaction.prepareStatement(USE)) {
        insert.setBytes(1, HexFormat.of().parseHex(hex));
        insert.setObject(2, lost.at().atOffset(ZoneOffset.UTC));
        if (insert.executeUpdate() > 0) {
          effect = Effect.DONE;
        }
      } catch (IllegalArgumentException e) {
        return Effect.BY_HAND;
      }
    }
    return effect;
  }
}

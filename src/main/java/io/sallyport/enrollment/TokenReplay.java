package io.sallyport.enrollment;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * A token that was used in a part of the log that a restored database lost would count once more. Uses of a token for
 * several are facts of their own; of one for one device no fact says which one it was, so all that the device had by then
 * are spent.
 */
@Singleton
final class TokenReplay implements Replay {
  private static final String SPEND = """
      update enrollment_token set used_at = ?, used = uses
      where device = uuid(?) and uses = 1 and used = 0 and created_at <= ?""";
  private static final String COUNT = """
      with counted as (
        insert into enrollment_token_use (token, request, device, used_at)
        select id, ?, ?, ? from enrollment_token where id = ? on conflict do nothing returning token, used_at)
      update enrollment_token t set used = least(t.used + 1, t.uses), used_at = counted.used_at
      from counted where t.id = counted.token""";
  private static final String WITHDRAW =
      "update enrollment_token set expires_at = ? where id = ? and expires_at > ?";

  private static final Pattern REQUEST = Pattern.compile("[0-9a-f]{64}");

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    return switch (lost.kind()) {
      case "certificate.issued" -> spend(transaction, lost);
      case "token.used" -> count(transaction, lost);
      case "token.withdrawn" -> withdraw(transaction, lost);
      default -> Effect.NONE;
    };
  }

  private static Effect spend(Connection transaction, LogEntry lost) throws SQLException {
    if (!lost.subjectType().equals("device")) {
      return Effect.NONE;
    }
    try (PreparedStatement spend = transaction.prepareStatement(SPEND)) {
      spend.setObject(1, lost.at().atOffset(ZoneOffset.UTC));
      spend.setString(2, lost.subject());
      spend.setObject(3, lost.at().atOffset(ZoneOffset.UTC));
      return done(spend);
    }
  }

  private static Effect count(Connection transaction, LogEntry lost) throws SQLException {
    Optional<UUID> token = id(lost.subject());
    Optional<UUID> device = id(lost.detail().getOrDefault("device", ""));
    String request = lost.detail().getOrDefault("request", "");
    if (token.isEmpty() || device.isEmpty() || !REQUEST.matcher(request).matches()) {
      return Effect.BY_HAND;
    }
    try (PreparedStatement count = transaction.prepareStatement(COUNT)) {
      count.setString(1, request);
      count.setObject(2, device.get());
      count.setObject(3, lost.at().atOffset(ZoneOffset.UTC));
      count.setObject(4, token.get());
      return done(count);
    }
  }

  private static Effect withdraw(Connection transaction, LogEntry lost) throws SQLException {
    Optional<UUID> token = id(lost.subject());
    if (token.isEmpty()) {
      return Effect.BY_HAND;
    }
    try (PreparedStatement withdraw = transaction.prepareStatement(WITHDRAW)) {
      withdraw.setObject(1, lost.at().atOffset(ZoneOffset.UTC));
      withdraw.setObject(2, token.get());
      withdraw.setObject(3, lost.at().atOffset(ZoneOffset.UTC));
      return done(withdraw);
    }
  }

  private static Optional<UUID> id(String text) {
    try {
      return Optional.of(UUID.fromString(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Effect done(PreparedStatement statement) throws SQLException {
    return statement.executeUpdate() > 0 ? Effect.DONE : Effect.NONE;
  }
}

package io.sallyport.devices;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * The states of devices that a restored database lost. A device that was registered in the gap stays unknown, and what is
 * unknown is denied.
 */
@Singleton
final class DeviceReplay implements Replay {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String THERE = "select 1 from device where id = ?";
  private static final String ACTIVATED =
      "update device set enrolled = true, state = case state when 'EXPECTED' then 'ACTIVE' else state end where id = ?";
  private static final String BECAME =
      "update device set state = ?, revocation_counter = revocation_counter + ? where id = ?";

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    if (!lost.subjectType().equals("device")) {
      return Effect.NONE;
    }
    return switch (lost.kind()) {
      case "device.registered" -> update(transaction, THERE, lost) ? Effect.NONE : Effect.BY_HAND;
      case "certificate.issued" ->
        Boolean.parseBoolean(lost.detail().get("activated")) && update(transaction, ACTIVATED, lost)
            ? Effect.DONE
            : Effect.NONE;
      case "device.activated" -> update(transaction, ACTIVATED, lost) ? Effect.DONE : Effect.NONE;
      case "device.quarantined",
          "device.released",
          "device.suspended",
          "device.wiping",
          "device.decommissioned" -> became(transaction, lost);
      case "device.renamed" -> set(transaction, "name = ?", lost);
      case "device.owner-changed" -> set(transaction, "owner = ?", lost);
      case "device.moved" -> set(transaction, "site = ?", lost);
      case "device.transferred" ->
        set(transaction, "profile = ?, revocation_counter = revocation_counter + 1", lost);
      case "device.relabelled" -> set(transaction, "labels = cast(? as jsonb)", lost);
      default -> Effect.NONE;
    };
  }

  private static boolean update(Connection transaction, String sql, LogEntry lost)
      throws SQLException {
    Optional<UUID> id = id(lost);
    if (id.isEmpty()) {
      return false;
    }
    try (PreparedStatement statement = transaction.prepareStatement(sql)) {
      statement.setObject(1, id.get());
      if (!statement.execute()) {
        return statement.getUpdateCount() == 1;
      }
      try (ResultSet row = statement.getResultSet()) {
        return row.next();
      }
    }
  }

  /** What an operator gave it; a profile that the lost time made too has to be applied first, by hand. */
  private static Effect set(Connection transaction, String what, LogEntry lost)
      throws SQLException {
    Optional<UUID> id = id(lost);
    String to = lost.detail().get("to");
    if (id.isEmpty() || to == null) {
      return Effect.BY_HAND;
    }
    if (lost.kind().equals("device.transferred") && !isProfile(transaction, to)) {
      return Effect.BY_HAND;
    }
    try (PreparedStatement set =
        transaction.prepareStatement("update device set " + what + " where id = ?")) {
      set.setString(1, lost.kind().equals("device.relabelled") ? json(to) : to);
      set.setObject(2, id.get());
      return set.executeUpdate() == 1 ? Effect.DONE : Effect.NONE;
    }
  }

  private static boolean isProfile(Connection transaction, String name) throws SQLException {
    try (PreparedStatement query =
        transaction.prepareStatement("select 1 from device_profile where name = ?")) {
      query.setString(1, name);
      try (ResultSet row = query.executeQuery()) {
        return row.next();
      }
    }
  }

  private static String json(String labels) {
    try {
      return JSON.writeValueAsString(ChangedDevice.read(labels));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("labels could not be written", e);
    }
  }

  private static Effect became(Connection transaction, LogEntry lost) throws SQLException {
    Optional<UUID> id = id(lost);
    Optional<DeviceState> state = Arrays.stream(DeviceState.values())
        .filter(one -> one.word().equals(lost.detail().get("to")))
        .findFirst();
    if (id.isEmpty() || state.isEmpty()) {
      return Effect.BY_HAND;
    }
    boolean revokes = state.get() == DeviceState.SUSPENDED
        || state.get() == DeviceState.WIPING
        || state.get() == DeviceState.DECOMMISSIONED;
    try (PreparedStatement became = transaction.prepareStatement(BECAME)) {
      became.setString(1, state.get().name());
      became.setInt(2, revokes ? 1 : 0);
      became.setObject(3, id.get());
      return became.executeUpdate() == 1 ? Effect.DONE : Effect.NONE;
    }
  }

  private static Optional<UUID> id(LogEntry lost) {
    try {
      return Optional.of(UUID.fromString(lost.subject()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}

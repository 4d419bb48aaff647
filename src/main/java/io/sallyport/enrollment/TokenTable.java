package io.sallyport.enrollment;

import io.sallyport.devices.SerialPattern;
import io.sallyport.enrollment.EnrollmentTokens.Coverage;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.kernel.Digest;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;

/** Tokens and their uses, many at once. */
final class TokenTable {
  private static final String FIND = """
      select digest, id, device, manufacturer, site, serial_pattern, network, profile, uses, used, created_at, expires_at,
        used_at
      from enrollment_token where digest = any (?)""";
  private static final String LOCK =
      "select id, device, uses, used, expires_at from enrollment_token where id = any (?) order by id for update";
  private static final String ADD = """
      insert into enrollment_token_use (token, request, device, used_at)
      select token, request, device, ? from unnest(?, ?, ?) as one (token, request, device)
      order by token, request on conflict do nothing returning token, request, device""";
  private static final String COUNT = """
      update enrollment_token t set used = used + one.more, used_at = ?
      from unnest(?, ?) as one (id, more) where t.id = one.id""";

  private final Connection connection;

  TokenTable(Connection connection) {
    this.connection = connection;
  }

  /** An order that a token is used for. */
  record Use(UUID token, String request, UUID device) {}

  /** A token that nobody else uses until the transaction ends. */
  record Locked(boolean ofOne, int uses, int used, Instant expiresAt) {}

  /** Those of these digests of secrets that there are. */
  Map<Digest, EnrollmentToken> find(Set<Digest> digests) throws SQLException {
    Map<Digest, EnrollmentToken> found = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(FIND)) {
      query.setArray(
          1,
          connection.createArrayOf(
              "bytea", digests.stream().map(Digest::octets).toArray(byte[][]::new)));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.put(Digest.ofOctets(row.getBytes(1)), token(row));
        }
      }
    }
    return found;
  }

  private static EnrollmentToken token(ResultSet row) throws SQLException {
    String pattern = row.getString(6);
    OffsetDateTime usedAt = row.getObject(13, OffsetDateTime.class);
    return new EnrollmentToken(
        row.getObject(2, UUID.class),
        new Coverage(
            row.getObject(3, UUID.class),
            row.getString(4),
            row.getString(5),
            pattern == null ? null : new SerialPattern(pattern),
            row.getString(7),
            row.getString(8)),
        row.getInt(9),
        row.getInt(10),
        row.getObject(11, OffsetDateTime.class).toInstant(),
        row.getObject(12, OffsetDateTime.class).toInstant(),
        usedAt == null ? null : usedAt.toInstant());
  }

  /** In one order for everybody. */
  Map<UUID, Locked> lock(Set<UUID> tokens) throws SQLException {
    Map<UUID, Locked> found = new HashMap<>();
    try (PreparedStatement lock = connection.prepareStatement(LOCK)) {
      lock.setArray(1, connection.createArrayOf("uuid", tokens.toArray()));
      try (ResultSet row = lock.executeQuery()) {
        while (row.next()) {
          found.put(
              row.getObject(1, UUID.class),
              new Locked(
                  row.getObject(2, UUID.class) != null,
                  row.getInt(3),
                  row.getInt(4),
                  row.getObject(5, OffsetDateTime.class).toInstant()));
        }
      }
    }
    return found;
  }

  /** Those that were not there. */
  Set<Use> add(Collection<Use> uses, Instant at) throws SQLException {
    List<Use> all = List.copyOf(uses);
    Set<Use> added = new HashSet<>();
    try (PreparedStatement add = connection.prepareStatement(ADD)) {
      add.setObject(1, at.atOffset(ZoneOffset.UTC));
      add.setArray(2, array("uuid", all, Use::token));
      add.setArray(3, array("text", all, Use::request));
      add.setArray(4, array("uuid", all, Use::device));
      try (ResultSet row = add.executeQuery()) {
        while (row.next()) {
          added.add(new Use(
              row.getObject(1, UUID.class), row.getString(2), row.getObject(3, UUID.class)));
        }
      }
    }
    return added;
  }

  void count(Map<UUID, Integer> more, Instant at) throws SQLException {
    List<Map.Entry<UUID, Integer>> all = List.copyOf(more.entrySet());
    try (PreparedStatement count = connection.prepareStatement(COUNT)) {
      count.setObject(1, at.atOffset(ZoneOffset.UTC));
      count.setArray(2, array("uuid", all, Map.Entry::getKey));
      count.setArray(3, array("integer", all, Map.Entry::getValue));
      count.executeUpdate();
    }
  }

  private <T> Array array(String type, List<T> all, Function<T, Object> value) throws SQLException {
    return connection.createArrayOf(type, all.stream().map(value).toArray());
  }
}

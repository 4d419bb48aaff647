package io.sallyport.pki;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import jakarta.inject.Singleton;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a restored database lost of certificates. Serials that were issued in the gap are burned: recorded without their
 * certificate, which no fact holds, and published revoked, and their keys belong to nobody else. Lists go on behind every
 * number that was given out, and those that stand are made anew before anything is served.
 */
@Singleton
final class CertificateReplay implements Replay {
  /** Numbers that may have been given out without being marked are far fewer. */
  private static final long AHEAD = 1000;

  /** What an authority or a fact without an end is taken to last. */
  private static final Duration LONG = Duration.ofDays(25 * 365);

  private static final String FIND = """
      select id, state, thumbprint is not null, revocation_reason, key_digest, revoked_at
      from credential where authority = ? and serial = ?""";
  private static final String DISTRUST = """
      update authority set distrusted_at = ?, distrust_reason = ?, distrusted_with = ?
      where name = ? and distrusted_at is null""";
  private static final String TAKEN =
      "update authority set crl_number = greatest(crl_number, ?) where name = ? and signing_key is null";
  private static final String AUTHORITY = "select 1 from authority where name = ?";
  private static final String BURN = """
      insert into credential (id, authority, serial, subject_kind, subject_id, profile, key_digest, tbs_certificate,
        not_before, not_after, crl_shard, state, revocation_counter, prepared_at, issued_at, revoked_at, revocation_reason)
      values (?, ?, ?, ?, ?, ?, ?, '\\x', ?, ?, ?, 'REVOKED', 0, ?, ?, ?, ?)""";
  /** No unit: a certificate on the key is known to have been made, and for whom is not. */
  private static final String CLAIM = """
      insert into key_digest (digest, hardware_unit, kind, claimed_at)
      values (?, (select d.hardware_unit from device d where d.id::text = ?), 'ldevid', ?) on conflict (digest) do nothing""";

  private static final String REVOKE =
      "update credential set state = 'REVOKED', revoked_at = ?, revocation_reason = ? where id = ?";
  private static final String RELEASE =
      "update credential set state = 'ISSUED', revoked_at = null, revocation_reason = null where id = ?";
  private static final String COUNT =
      "update device set revocation_counter = revocation_counter + 1 where id::text = ?";
  private static final String CONDEMN = """
      insert into key_digest (digest, kind, claimed_at, compromised_at) values (?, 'compromised', ?, ?)
      on conflict (digest) do update set compromised_at = coalesce(key_digest.compromised_at, excluded.compromised_at)""";
  private static final String USED =
      "update credential set first_used_at = coalesce(first_used_at, ?) where id = ?";
  private static final String SUPERSEDED =
      "update credential set superseded_at = coalesce(superseded_at, ?) where id = ?";

  private static final String RAISE =
      "update authority set crl_number = greatest(crl_number, case when signing_key is null then ? else ? end) where name = ?";
  /** Of an authority that was made in the gap. */
  private static final String FLOOR = """
      insert into crl_floor (authority, number) values (?, ?)
      on conflict (authority) do update set number = greatest(crl_floor.number, excluded.number)""";
  /** As if all were cut off while they were made: none stands, so none with a smaller number is served. */
  private static final String MAKE_ANEW = """
      update crl_shard s set drafted = greatest(s.drafted, a.crl_number) from authority a
      where a.name = s.authority and a.signing_key is not null""";

  private static final String TAKE_DOWN_DELTAS =
      "delete from crl_delta where authority in (select name from authority where signing_key is not null)";
  private static final String TAKE_DOWN =
      "delete from crl where authority in (select name from authority where signing_key is not null)";

  private final CrlShards shards;
  private final Authorities authorities;
  private final Ids ids;
  private final Clock clock;

  CertificateReplay(CrlShards shards, Authorities authorities, Ids ids, Clock clock) {
    this.shards = shards;
    this.authorities = authorities;
    this.ids = ids;
    this.clock = clock;
  }

  /** A certificate that the database knows. */
  private record Known(
      Object id,
      boolean revoked,
      boolean whole,
      @Nullable String reason,
      byte[] key,
      @Nullable Instant revokedAt) {
    boolean held() {
      return revoked && RevocationReason.CERTIFICATE_HOLD.name().equals(reason);
    }
  }

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    return switch (lost.kind()) {
      case "certificate.issued", "certificate.closed" ->
        burn(transaction, lost, lost.detail().get("authority"), further);
      case "authority.established", "authority.cross-certified" ->
        burn(transaction, lost, lost.detail().get("issuer"), further);
      case "authority.revoked" -> distrust(transaction, lost);
      case "authority.list-taken" -> listTaken(transaction, lost);
      case "certificate.revoked" -> revoke(transaction, lost);
      case "certificate.held" -> hold(transaction, lost);
      case "certificate.released" -> release(transaction, lost);
      case "certificate.first-used" -> noted(transaction, USED, lost);
      case "certificate.superseded" -> noted(transaction, SUPERSEDED, lost);
      case "authority.adopted",
          "authority.requested",
          "authority.succeeded",
          "certificate-profile.applied",
          "certificate-profile.removed" -> Effect.BY_HAND;
      default -> Effect.NONE;
    };
  }

  /** What it certified falls with it again. */
  private static Effect distrust(Connection transaction, LogEntry lost) throws SQLException {
    String reason = lost.detail().get("reason");
    String with = lost.detail().get("with");
    boolean named =
        Arrays.stream(RevocationReason.values()).anyMatch(one -> one.name().equals(reason));
    if (!named
        || with == null
        || !exists(transaction, lost.subject())
        || !exists(transaction, with)) {
      return Effect.BY_HAND;
    }
    try (PreparedStatement distrust = transaction.prepareStatement(DISTRUST)) {
      distrust.setObject(1, time(lost.at()));
      distrust.setString(2, reason);
      distrust.setString(3, with);
      distrust.setString(4, lost.subject());
      distrust.executeUpdate();
    }
    return Effect.DONE;
  }

  /** The list itself is handed in again, and no older one is taken for it. */
  private static Effect listTaken(Connection transaction, LogEntry lost) throws SQLException {
    String number = lost.detail().getOrDefault("number", "");
    if (!number.matches("[0-9]{1,18}") || !exists(transaction, lost.subject())) {
      return Effect.BY_HAND;
    }
    try (PreparedStatement raise = transaction.prepareStatement(TAKEN)) {
      // So that the very list that was lost can be handed in.
      raise.setLong(1, Long.parseLong(number) - 1);
      raise.setString(2, lost.subject());
      raise.executeUpdate();
    }
    return Effect.BY_HAND;
  }

  private Effect burn(
      Connection transaction, LogEntry lost, @Nullable String authority, Consumer<Fact> further)
      throws SQLException {
    String serial = lost.detail().get("serial");
    Optional<CertificateSubject.Kind> kind = Arrays.stream(CertificateSubject.Kind.values())
        .filter(one -> one.word().equals(lost.subjectType()))
        .findFirst();
    if (serial == null || authority == null || kind.isEmpty()) {
      return Effect.BY_HAND;
    }
    Known known = find(transaction, authority, serial);
    if (known != null) {
      if (!known.revoked) {
        revoked(transaction, known, lost.at(), RevocationReason.CESSATION_OF_OPERATION.name());
        further.accept(burned(lost, authority, serial));
      }
      return Effect.DONE;
    }
    if (!exists(transaction, authority) || authority.equals(lost.subject())) {
      // Its own key was lost with it.
      return Effect.BY_HAND;
    }
    insert(transaction, lost, authority, serial, kind.get());
    further.accept(burned(lost, authority, serial));
    return Effect.DONE;
  }

  private static Fact burned(LogEntry lost, String authority, String serial) {
    return Fact.of("certificate.revoked", Actor.SERVER, lost.subjectType(), lost.subject())
        .with("authority", authority)
        .with("serial", serial)
        .with("reason", RevocationReason.CESSATION_OF_OPERATION.name())
        .with("why", "issued in what the database lost")
        .with("position", lost.position());
  }

  private void insert(
      Connection transaction,
      LogEntry lost,
      String authority,
      String serial,
      CertificateSubject.Kind kind)
      throws SQLException {
    OffsetDateTime at = time(lost.at());
    byte[] key = key(lost);
    try (PreparedStatement burn = transaction.prepareStatement(BURN)) {
      burn.setObject(1, ids.next());
      burn.setString(2, authority);
      burn.setString(3, serial);
      burn.setString(4, kind.name());
      burn.setString(5, lost.subject());
      burn.setString(6, lost.detail().getOrDefault("profile", "unknown"));
      burn.setBytes(
          7,
          key == null
              ? Digest.of(serial.getBytes(java.nio.charset.StandardCharsets.US_ASCII))
                  .octets()
              : key);
      burn.setObject(8, at);
      burn.setObject(9, time(notAfter(lost)));
      burn.setInt(10, shard(lost, authority, serial));
      burn.setObject(11, at);
      burn.setObject(12, at);
      burn.setObject(13, at);
      burn.setString(14, RevocationReason.CESSATION_OF_OPERATION.name());
      burn.executeUpdate();
    }
    if (key != null) {
      try (PreparedStatement claim = transaction.prepareStatement(CLAIM)) {
        claim.setBytes(1, key);
        claim.setString(2, kind == CertificateSubject.Kind.DEVICE ? lost.subject() : "");
        claim.setObject(3, at);
        claim.executeUpdate();
      }
    }
  }

  private static byte @Nullable [] key(LogEntry lost) {
    String key = lost.detail().get("key");
    return key != null && key.matches("[0-9a-f]{64}") ? Digest.ofHex(key).octets() : null;
  }

  private static Instant notAfter(LogEntry lost) {
    try {
      return Instant.parse(lost.detail().getOrDefault("not_after", ""));
    } catch (DateTimeException e) {
      return lost.at().plus(LONG);
    }
  }

  /** Facts of before there was a shard in them: by the number of shards that there are now. */
  private int shard(LogEntry lost, String authority, String serial) {
    String shard = lost.detail().getOrDefault("shard", "");
    return shard.matches("[0-9]{1,6}")
        ? Integer.parseInt(shard)
        : authorities
            .find(authority)
            .map(known -> shards.of(known, new BigInteger(serial, 16)))
            .orElse(CrlShards.OF_AUTHORITIES);
  }

  private Effect revoke(Connection transaction, LogEntry lost) throws SQLException {
    String reason = lost.detail().get("reason");
    Known known = find(transaction, lost);
    boolean named =
        Arrays.stream(RevocationReason.values()).anyMatch(one -> one.name().equals(reason));
    if (known == null || reason == null || !named) {
      return Effect.BY_HAND;
    }
    Instant since = known.held() && known.revokedAt != null ? known.revokedAt : lost.at();
    if (!known.revoked || known.held() || !known.whole) {
      revoked(transaction, known, since, reason);
      count(transaction, lost);
    }
    if (reason.equals(RevocationReason.KEY_COMPROMISE.name())) {
      try (PreparedStatement condemn = transaction.prepareStatement(CONDEMN)) {
        condemn.setBytes(1, known.key);
        condemn.setObject(2, time(lost.at()));
        condemn.setObject(3, time(lost.at()));
        condemn.executeUpdate();
      }
    }
    return Effect.DONE;
  }

  private static Effect hold(Connection transaction, LogEntry lost) throws SQLException {
    Known known = find(transaction, lost);
    if (known == null) {
      return Effect.BY_HAND;
    }
    if (!known.revoked) {
      revoked(transaction, known, lost.at(), RevocationReason.CERTIFICATE_HOLD.name());
      count(transaction, lost);
    }
    return Effect.DONE;
  }

  /** A burned serial has nothing that could be released. */
  private static Effect release(Connection transaction, LogEntry lost) throws SQLException {
    Known known = find(transaction, lost);
    if (known == null || !known.whole) {
      return Effect.NONE;
    }
    if (known.held()) {
      try (PreparedStatement release = transaction.prepareStatement(RELEASE)) {
        release.setObject(1, known.id);
        release.executeUpdate();
      }
    }
    return Effect.DONE;
  }

  private static Effect noted(Connection transaction, String sql, LogEntry lost)
      throws SQLException {
    Known known = find(transaction, lost);
    if (known == null) {
      return Effect.NONE;
    }
    try (PreparedStatement note = transaction.prepareStatement(sql)) {
      note.setObject(1, time(lost.at()));
      note.setObject(2, known.id);
      note.executeUpdate();
    }
    return Effect.DONE;
  }

  private static void revoked(Connection transaction, Known known, Instant at, String reason)
      throws SQLException {
    try (PreparedStatement revoke = transaction.prepareStatement(REVOKE)) {
      revoke.setObject(1, time(at));
      revoke.setString(2, reason);
      revoke.setObject(3, known.id);
      revoke.executeUpdate();
    }
  }

  /** Law 5, for an issuance that another node has begun. */
  private static void count(Connection transaction, LogEntry lost) throws SQLException {
    try (PreparedStatement count = transaction.prepareStatement(COUNT)) {
      count.setString(1, lost.subject());
      count.executeUpdate();
    }
  }

  private static @Nullable Known find(Connection transaction, LogEntry lost) throws SQLException {
    String authority = lost.detail().get("authority");
    String serial = lost.detail().get("serial");
    return authority == null || serial == null ? null : find(transaction, authority, serial);
  }

  private static @Nullable Known find(Connection transaction, String authority, String serial)
      throws SQLException {
    try (PreparedStatement find = transaction.prepareStatement(FIND)) {
      find.setString(1, authority);
      find.setString(2, serial);
      try (ResultSet row = find.executeQuery()) {
        if (!row.next()) {
          return null;
        }
        OffsetDateTime revokedAt = row.getObject(6, OffsetDateTime.class);
        return new Known(
            row.getObject(1),
            row.getString(2).equals(CredentialState.REVOKED.name()),
            row.getBoolean(3),
            row.getString(4),
            row.getBytes(5),
            revokedAt == null ? null : revokedAt.toInstant());
      }
    }
  }

  private static boolean exists(Connection transaction, String authority) throws SQLException {
    try (PreparedStatement exists = transaction.prepareStatement(AUTHORITY)) {
      exists.setString(1, authority);
      try (ResultSet row = exists.executeQuery()) {
        return row.next();
      }
    }
  }

  @Override
  public List<Fact> end(Connection transaction, Actor by, Map<String, Long> lists)
      throws SQLException {
    List<Fact> facts = new ArrayList<>();
    try (PreparedStatement raise = transaction.prepareStatement(RAISE);
        PreparedStatement floor = transaction.prepareStatement(FLOOR);
        Statement statement = transaction.createStatement()) {
      for (Map.Entry<String, Long> list : lists.entrySet()) {
        long number = list.getValue() + AHEAD;
        // Who signs elsewhere goes on with the next number.
        raise.setLong(1, list.getValue());
        raise.setLong(2, number);
        raise.setString(3, list.getKey());
        if (raise.executeUpdate() == 0) {
          floor.setString(1, list.getKey());
          floor.setLong(2, number);
          floor.executeUpdate();
        }
        facts.add(Fact.of("crl.raised", by, CertificateSubject.Kind.AUTHORITY.word(), list.getKey())
            .with("above", number)
            .with("at", clock.instant().truncatedTo(ChronoUnit.SECONDS)));
      }
      statement.execute(MAKE_ANEW);
      statement.execute(TAKE_DOWN_DELTAS);
      statement.execute(TAKE_DOWN);
    }
    return facts;
  }

  private static OffsetDateTime time(Instant at) {
    return at.atOffset(ZoneOffset.UTC);
  }
}

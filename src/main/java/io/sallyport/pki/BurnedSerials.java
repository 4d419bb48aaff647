package io.sallyport.pki;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay.Effect;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Serials that were issued in what a restored database lost: recorded without their certificate, which no fact holds, and
 * published revoked, and their keys belong to nobody else.
 */
final class BurnedSerials {
  /** What an authority or a fact without an end is taken to last. */
  private static final Duration LONG = Duration.ofDays(25 * 365);

  private static final String BURN = """
      insert into credential (id, authority, serial, subject_kind, subject_id, profile, key_digest, tbs_certificate,
        not_before, not_after, crl_shard, state, revocation_counter, prepared_at, issued_at, revoked_at, revocation_reason)
      values (?, ?, ?, ?, ?, ?, ?, '\\x', ?, ?, ?, 'REVOKED', 0, ?, ?, ?, ?)""";
  /** No unit: a certificate on the key is known to have been made, and for whom is not. */
  private static final String CLAIM = """
      insert into key_digest (digest, hardware_unit, kind, claimed_at)
      values (?, (select d.hardware_unit from device d where d.id::text = ?), 'ldevid', ?) on conflict (digest) do nothing""";

  private static final String AUTHORITY = "select 1 from authority where name = ?";

  private final CrlShards shards;
  private final Authorities authorities;
  private final Ids ids;

  BurnedSerials(CrlShards shards, Authorities authorities, Ids ids) {
    this.shards = shards;
    this.authorities = authorities;
    this.ids = ids;
  }

  Effect burn(
      Connection transaction, LogEntry lost, @Nullable String authority, Consumer<Fact> further)
      throws SQLException {
    String serial = lost.detail().get("serial");
    Optional<CertificateSubject.Kind> kind = Arrays.stream(CertificateSubject.Kind.values())
        .filter(one -> one.word().equals(lost.subjectType()))
        .findFirst();
    if (serial == null || authority == null || kind.isEmpty()) {
      return Effect.BY_HAND;
    }
    KnownCertificate known = KnownCertificate.find(transaction, authority, serial);
    if (known != null) {
      if (!known.revoked()) {
        known.revoke(transaction, lost.at(), RevocationReason.CESSATION_OF_OPERATION.name());
        further.accept(burned(lost, authority, serial));
      }
      return Effect.DONE;
    }
    if (!authorityExists(transaction, authority) || authority.equals(lost.subject())) {
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

  static boolean authorityExists(Connection transaction, String authority) throws SQLException {
    try (PreparedStatement exists = transaction.prepareStatement(AUTHORITY)) {
      exists.setString(1, authority);
      try (ResultSet row = exists.executeQuery()) {
        return row.next();
      }
    }
  }

  private static OffsetDateTime time(Instant at) {
    return at.atOffset(ZoneOffset.UTC);
  }
}

package io.sallyport.pki;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a restored database lost of certificates. Serials that were issued in the gap are burned. Lists go on behind every
 * number that was given out, and those that stand are made anew before anything is served.
 */
@Singleton
final class CertificateReplay implements Replay {
  /** Numbers that may have been given out without being marked are far fewer. */
  private static final long AHEAD = 1000;

  private static final String DISTRUST = """
      update authority set distrusted_at = ?, distrust_reason = ?, distrusted_with = ?
      where name = ? and distrusted_at is null""";
  private static final String TAKEN =
      "update authority set crl_number = greatest(crl_number, ?) where name = ? and signing_key is null";
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

  private final BurnedSerials serials;
  private final Clock clock;

  CertificateReplay(CrlShards shards, Authorities authorities, Ids ids, Clock clock) {
    serials = new BurnedSerials(shards, authorities, ids);
    this.clock = clock;
  }

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further)
      throws SQLException {
    return switch (lost.kind()) {
      case "certificate.issued", "certificate.closed" ->
        serials.burn(transaction, lost, lost.detail().get("authority"), further);
      case "authority.established", "authority.cross-certified" ->
        serials.burn(transaction, lost, lost.detail().get("issuer"), further);
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
        || !BurnedSerials.authorityExists(transaction, lost.subject())
        || !BurnedSerials.authorityExists(transaction, with)) {
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
    if (!number.matches("[0-9]{1,18}")
        || !BurnedSerials.authorityExists(transaction, lost.subject())) {
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

  private Effect revoke(Connection transaction, LogEntry lost) throws SQLException {
    String reason = lost.detail().get("reason");
    KnownCertificate known = KnownCertificate.find(transaction, lost);
    boolean named =
        Arrays.stream(RevocationReason.values()).anyMatch(one -> one.name().equals(reason));
    if (known == null || reason == null || !named) {
      return Effect.BY_HAND;
    }
    Instant since = known.held() && known.revokedAt() != null ? known.revokedAt() : lost.at();
    if (!known.revoked() || known.held() || !known.whole()) {
      known.revoke(transaction, since, reason);
      count(transaction, lost);
    }
    if (reason.equals(RevocationReason.KEY_COMPROMISE.name())) {
      try (PreparedStatement condemn = transaction.prepareStatement(CONDEMN)) {
        condemn.setBytes(1, known.key());
        condemn.setObject(2, time(lost.at()));
        condemn.setObject(3, time(lost.at()));
        condemn.executeUpdate();
      }
    }
    return Effect.DONE;
  }

  private static Effect hold(Connection transaction, LogEntry lost) throws SQLException {
    KnownCertificate known = KnownCertificate.find(transaction, lost);
    if (known == null) {
      return Effect.BY_HAND;
    }
    if (!known.revoked()) {
      known.revoke(transaction, lost.at(), RevocationReason.CERTIFICATE_HOLD.name());
      count(transaction, lost);
    }
    return Effect.DONE;
  }

  /** A burned serial has nothing that could be released. */
  private static Effect release(Connection transaction, LogEntry lost) throws SQLException {
    KnownCertificate known = KnownCertificate.find(transaction, lost);
    if (known == null || !known.whole()) {
      return Effect.NONE;
    }
    if (known.held()) {
      try (PreparedStatement release = transaction.prepareStatement(RELEASE)) {
        release.setObject(1, known.id());
        release.executeUpdate();
      }
    }
    return Effect.DONE;
  }

  private static Effect noted(Connection transaction, String sql, LogEntry lost)
      throws SQLException {
    KnownCertificate known = KnownCertificate.find(transaction, lost);
    if (known == null) {
      return Effect.NONE;
    }
    try (PreparedStatement note = transaction.prepareStatement(sql)) {
      note.setObject(1, time(lost.at()));
      note.setObject(2, known.id());
      note.executeUpdate();
    }
    return Effect.DONE;
  }

  /** Law 5, for an issuance that another node has begun. */
  private static void count(Connection transaction, LogEntry lost) throws SQLException {
    try (PreparedStatement count = transaction.prepareStatement(COUNT)) {
      count.setString(1, lost.subject());
      count.executeUpdate();
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

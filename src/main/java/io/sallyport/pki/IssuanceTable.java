package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.Drafts.Draft;
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
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The rows of many issuances at once, each kind in one round trip, on the connection of the transaction under way. */
final class IssuanceTable {
  /** The locks that rows of certificates take anyway; whoever revokes an authority waits for them, and they for it. */
  private static final String REVOKED = """
      select name, distrusted_at is not null from authority where name = any (?) order by name for key share""";

  private static final String LOCK_ORDERS =
      "select pg_advisory_xact_lock(key) from unnest(?) as key";
  private static final String KNOWN =
      "select digest, credential from issuance_request where digest = any (?)";
  private static final String OTHER_USE = """
      select asked.n from unnest(?, ?) with ordinality as asked (key, kind, n)
      where exists (select 1 from credential c where c.key_digest = asked.key and c.subject_kind <> asked.kind)
      order by asked.n limit 1""";
  private static final String HELD = """
      select distinct key_digest from credential
      where key_digest = any (?) and state = 'REVOKED' and revocation_reason = 'CERTIFICATE_HOLD'""";
  private static final String PREPARE = """
      insert into credential (id, authority, serial, subject_kind, subject_id, profile, key_digest, tbs_certificate,
        not_before, not_after, crl_shard, state, revocation_counter, prepared_at, prepared_by)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'PREPARED', ?, ?, ?)""";
  private static final String REQUEST = """
      insert into issuance_request (digest, credential, requested_at) values (?, ?, ?)
      on conflict (digest) do update set credential = excluded.credential""";
  /**
   * What was recorded to be signed moves beside the certificate, into the partition of the year in which that ends. The
   * rows are found by their ids alone: the index of what is unfinished is full of what was, until a vacuum.
   */
  private static final String FINISH = """
      with was as materialized (
        select id, tbs_certificate, not_after, state from credential where id = any (?) order by id for no key update),
      done as (
        update credential c set tbs_certificate = null, thumbprint = one.thumbprint, issued_at = ?, state = one.state,
          revoked_at = case when one.reason is null then null else ?::timestamptz end, revocation_reason = one.reason
        from unnest(?, ?, ?, ?, ?) as one (id, certificate, thumbprint, state, reason) join was on was.id = one.id
        where c.id = one.id and was.state = 'PREPARED'
        returning c.id, cast(c.not_after at time zone 'UTC' as date) as ends_on, was.tbs_certificate, one.certificate)
      insert into certificate_body (credential, ends_on, tbs, certificate)
        select id, ends_on, tbs_certificate, certificate from done
      returning credential""";

  private final Connection transaction;

  IssuanceTable(Connection transaction) {
    this.transaction = transaction;
  }

  /** What is recorded before the signature. */
  record Recording(Draft draft, long revocationCounter, UUID preparedBy) {}

  /** @param revoked null unless its device was revoked meanwhile */
  record Finishing(UUID id, Der certificate, @Nullable RevocationReason revoked) {
    CredentialState state() {
      return revoked == null ? CredentialState.ISSUED : CredentialState.REVOKED;
    }
  }

  /** One preparation at a time for an order that is on no device; in one sequence for everybody. */
  void lockOrders(Collection<Long> orders) throws SQLException {
    try (PreparedStatement lock = transaction.prepareStatement(LOCK_ORDERS)) {
      lock.setArray(1, transaction.createArrayOf("bigint", new TreeSet<>(orders).toArray()));
      lock.executeQuery().close();
    }
  }

  /** Those of these authorities that were revoked; the others are not until this transaction ends. */
  Set<String> revoked(Collection<String> authorities) throws SQLException {
    Set<String> revoked = new HashSet<>();
    try (PreparedStatement query = transaction.prepareStatement(REVOKED)) {
      query.setArray(1, transaction.createArrayOf("text", authorities.toArray()));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          if (rows.getBoolean(2)) {
            revoked.add(rows.getString(1));
          }
        }
      }
    }
    return revoked;
  }

  /** The credentials that were last prepared for these requests. */
  Map<String, UUID> known(Collection<String> requests) throws SQLException {
    Map<String, UUID> known = new HashMap<>();
    try (PreparedStatement query = transaction.prepareStatement(KNOWN)) {
      query.setArray(1, transaction.createArrayOf("text", requests.toArray()));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          known.put(rows.getString(1), rows.getObject(2, UUID.class));
        }
      }
    }
    return known;
  }

  /** The first of these whose key was ever certified for another kind of subject. */
  OptionalInt usedOtherwise(List<Draft> drafts) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(OTHER_USE)) {
      query.setArray(
          1,
          transaction.createArrayOf(
              "bytea",
              drafts.stream()
                  .map(draft -> draft.order().subjectPublicKeyInfo().digest().octets())
                  .toArray(byte[][]::new)));
      query.setArray(
          2,
          transaction.createArrayOf(
              "text",
              drafts.stream()
                  .map(draft -> draft.order().subject().kind().name())
                  .toArray()));
      try (ResultSet row = query.executeQuery()) {
        return row.next() ? OptionalInt.of(row.getInt(1) - 1) : OptionalInt.empty();
      }
    }
  }

  /** Those of these keys that a certificate on hold is for. */
  Set<Digest> held(Collection<Digest> keys) throws SQLException {
    Set<Digest> held = new HashSet<>();
    try (PreparedStatement query = transaction.prepareStatement(HELD)) {
      query.setArray(
          1,
          transaction.createArrayOf(
              "bytea", keys.stream().map(Digest::octets).toArray(byte[][]::new)));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          held.add(Digest.ofOctets(rows.getBytes(1)));
        }
      }
    }
    return held;
  }

  void record(List<Recording> recordings) throws SQLException {
    try (PreparedStatement prepare = transaction.prepareStatement(PREPARE);
        PreparedStatement request = transaction.prepareStatement(REQUEST)) {
      for (Recording recording : recordings) {
        Draft draft = recording.draft;
        prepare.setObject(1, draft.id());
        prepare.setString(2, draft.issuer().authority().name());
        prepare.setString(3, draft.serial().toString(16));
        prepare.setString(4, draft.order().subject().kind().name());
        prepare.setString(5, draft.order().subject().id());
        prepare.setString(6, draft.order().certificateProfile().name());
        prepare.setBytes(7, draft.order().subjectPublicKeyInfo().digest().octets());
        prepare.setBytes(8, draft.tbsCertificate().octets());
        prepare.setObject(9, time(draft.notBefore()));
        prepare.setObject(10, time(draft.notAfter()));
        prepare.setInt(11, draft.crlShard());
        prepare.setLong(12, recording.revocationCounter);
        prepare.setObject(13, time(draft.preparedAt()));
        prepare.setObject(14, recording.preparedBy);
        prepare.addBatch();
        request.setString(1, draft.request());
        request.setObject(2, draft.id());
        request.setObject(3, time(draft.preparedAt()));
        request.addBatch();
      }
      prepare.executeBatch();
      request.executeBatch();
    }
  }

  /** Those that were still unfinished, which they then are no more. */
  Set<UUID> finish(List<Finishing> finishing, Instant at) throws SQLException {
    Set<UUID> finished = new HashSet<>();
    try (PreparedStatement finish = transaction.prepareStatement(FINISH)) {
      Array ids = array("uuid", finishing.stream().map(Finishing::id));
      finish.setArray(1, ids);
      finish.setObject(2, time(at));
      finish.setObject(3, time(at));
      finish.setArray(4, ids);
      finish.setArray(5, octets(finishing.stream().map(one -> one.certificate.octets())));
      finish.setArray(
          6, octets(finishing.stream().map(one -> one.certificate.digest().octets())));
      finish.setArray(7, array("text", finishing.stream().map(one -> one.state().name())));
      finish.setArray(
          8,
          array(
              "text",
              finishing.stream().map(one -> one.revoked == null ? null : one.revoked.name())));
      try (ResultSet rows = finish.executeQuery()) {
        while (rows.next()) {
          finished.add(rows.getObject(1, UUID.class));
        }
      }
    }
    return finished;
  }

  private Array array(String type, Stream<?> values) throws SQLException {
    return transaction.createArrayOf(type, values.toArray());
  }

  private Array octets(Stream<byte[]> values) throws SQLException {
    return transaction.createArrayOf("bytea", values.toArray(byte[][]::new));
  }

  private static OffsetDateTime time(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}

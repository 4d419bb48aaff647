package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.pki.Drafts.Draft;
import io.sallyport.pki.UnfinishedSerials.Closed;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
  /**
   * What is known of keys and requests; nothing of those of which nothing is. Each is looked up by itself ("offset 0"), so
   * that no plan that was made while the tables were small reads the whole of them.
   */
  private static final String KNOWN = """
      select asked.n, used.other or prepared.other, used.held, request.credential
      from unnest(?, ?, ?) with ordinality as asked (key, kind, request, n)
      cross join lateral (
        select coalesce(bool_or(c.subject_kind <> asked.kind), false) as other,
          coalesce(bool_or(c.state = 'REVOKED' and c.revocation_reason = 'CERTIFICATE_HOLD'), false) as held
        from (
          select subject_kind, state, revocation_reason from credential where key_digest = asked.key offset 0) c) used
      cross join lateral (
        select coalesce(bool_or(p.subject_kind <> asked.kind), false) as other
        from (select subject_kind from issuance_prepared where key_digest = asked.key offset 0) p) prepared
      left join lateral (
        select credential from issuance_request where digest = asked.request offset 0) request on true
      where used.other or prepared.other or used.held or request.credential is not null""";

  private static final String RECORD = """
      with one as materialized (
        select * from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) as one (id, authority, serial, kind, subject, profile,
          key, tbs, not_before, not_after, shard, counter, prepared_at, request)),
      prepared as (
        insert into issuance_prepared (id, authority, serial, subject_kind, subject_id, profile, key_digest, tbs, not_before,
          not_after, crl_shard, revocation_counter, prepared_at, prepared_by)
        select id, authority, serial, kind, subject, profile, key, tbs, not_before, not_after, shard, counter, prepared_at, ?
        from one)
      insert into issuance_request (digest, credential, requested_at) select request, id, prepared_at from one
      on conflict (digest) do update set credential = excluded.credential""";
  /** The rows that were prepared, each found by its id, whatever the planner makes of a table that is all but empty. */
  private static final String TAKE = """
      delete from issuance_prepared where ctid = any (array(
        select found.place from unnest(?) as asked (id) cross join lateral (
          select ctid as place from issuance_prepared where id = asked.id offset 0) found)) returning *""";

  private static final String COLUMNS = """
      id, authority, serial, subject_kind, subject_id, profile, key_digest, not_before, not_after, crl_shard,
      revocation_counter, prepared_at, prepared_by""";
  private static final String FINISH = """
      with was as (%s),
      one as materialized (
        select * from unnest(?, ?, ?, ?, ?) as one (id, certificate, thumbprint, state, reason)),
      made as (
        insert into credential (%s, thumbprint, state, issued_at, revoked_at, revocation_reason)
        select %s, one.thumbprint, one.state, ?, case when one.reason is null then null else ?::timestamptz end, one.reason
        from was join one using (id))
      insert into certificate_body (credential, ends_on, tbs, certificate)
        select id, cast(was.not_after at time zone 'UTC' as date), was.tbs, one.certificate from was join one using (id)
      returning credential""".formatted(TAKE, COLUMNS, COLUMNS);
  private static final String CLOSE = """
      with was as (%%s)
      insert into credential (%s, tbs_certificate, state, revoked_at, revocation_reason)
      select %s, tbs, 'REVOKED', ?, 'CESSATION_OF_OPERATION' from was
      returning subject_kind, subject_id, authority, serial""".formatted(COLUMNS, COLUMNS);
  private static final String CLOSE_THESE = CLOSE.formatted(TAKE);
  /** What somebody finishes or closes this moment is theirs. */
  private static final String CLOSE_OLD = CLOSE.formatted("""
      delete from issuance_prepared where ctid = any (array(
        select ctid from issuance_prepared where prepared_at < ? or prepared_by = any (?)
        limit 1000 for update skip locked)) returning *""");

  private static final String PREPARED =
      "select prepared_at, prepared_by from issuance_prepared where id = ? for update";
  private static final String PREPARED_BY = "select distinct prepared_by from issuance_prepared";

  private final Connection transaction;

  IssuanceTable(Connection transaction) {
    this.transaction = transaction;
  }

  /** What is recorded before the signature. */
  record Recording(Draft draft, long revocationCounter) {}

  /**
   * @param usedOtherwise the key was ever certified for another kind of subject, or is about to be
   * @param held a certificate on that key is on hold
   * @param credential what was last prepared for the request, or null
   */
  record Known(
      boolean usedOtherwise, boolean held, @Nullable UUID credential) {}

  /** @param by a process */
  record Unfinished(Instant since, UUID by) {}

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

  /** What is known of each, by its index; nothing of those of which nothing is. */
  Map<Integer, Known> known(List<Draft> drafts) throws SQLException {
    Map<Integer, Known> known = new HashMap<>();
    try (PreparedStatement query = transaction.prepareStatement(KNOWN)) {
      query.setArray(1, octets(drafts.stream().map(IssuanceTable::key)));
      query.setArray(
          2,
          array(
              "text",
              drafts.stream().map(draft -> draft.order().subject().kind().name())));
      query.setArray(3, array("text", drafts.stream().map(Draft::request)));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          known.put(
              rows.getInt(1) - 1,
              new Known(rows.getBoolean(2), rows.getBoolean(3), rows.getObject(4, UUID.class)));
        }
      }
    }
    return known;
  }

  void record(List<Recording> recordings, UUID by) throws SQLException {
    if (recordings.isEmpty()) {
      return;
    }
    List<Draft> drafts = recordings.stream().map(Recording::draft).toList();
    try (PreparedStatement record = transaction.prepareStatement(RECORD)) {
      record.setArray(1, array("uuid", drafts.stream().map(Draft::id)));
      record.setArray(
          2,
          array("text", drafts.stream().map(draft -> draft.issuer().authority().name())));
      record.setArray(
          3, array("text", drafts.stream().map(draft -> draft.serial().toString(16))));
      record.setArray(
          4,
          array(
              "text",
              drafts.stream().map(draft -> draft.order().subject().kind().name())));
      record.setArray(
          5, array("text", drafts.stream().map(draft -> draft.order().subject().id())));
      record.setArray(
          6,
          array(
              "text",
              drafts.stream().map(draft -> draft.order().certificateProfile().name())));
      record.setArray(7, octets(drafts.stream().map(IssuanceTable::key)));
      record.setArray(
          8, octets(drafts.stream().map(draft -> draft.tbsCertificate().octets())));
      record.setArray(
          9, array("timestamptz", drafts.stream().map(draft -> time(draft.notBefore()))));
      record.setArray(
          10, array("timestamptz", drafts.stream().map(draft -> time(draft.notAfter()))));
      record.setArray(11, array("integer", drafts.stream().map(Draft::crlShard)));
      record.setArray(12, array("bigint", recordings.stream().map(Recording::revocationCounter)));
      record.setArray(
          13, array("timestamptz", drafts.stream().map(draft -> time(draft.preparedAt()))));
      record.setArray(14, array("text", drafts.stream().map(Draft::request)));
      record.setObject(15, by);
      record.executeUpdate();
    }
  }

  private static byte[] key(Draft draft) {
    return draft.order().subjectPublicKeyInfo().digest().octets();
  }

  /** Those that were still unfinished, which they then are no more. */
  Set<UUID> finish(List<Finishing> finishing, Instant at) throws SQLException {
    try (PreparedStatement finish = transaction.prepareStatement(FINISH)) {
      Array ids = array("uuid", finishing.stream().map(Finishing::id));
      finish.setArray(1, ids);
      finish.setArray(2, ids);
      finish.setArray(3, octets(finishing.stream().map(one -> one.certificate.octets())));
      finish.setArray(
          4, octets(finishing.stream().map(one -> one.certificate.digest().octets())));
      finish.setArray(5, array("text", finishing.stream().map(one -> one.state().name())));
      finish.setArray(
          6,
          array(
              "text",
              finishing.stream().map(one -> one.revoked == null ? null : one.revoked.name())));
      finish.setObject(7, time(at));
      finish.setObject(8, time(at));
      return uuids(finish);
    }
  }

  /** Since when an unfinished one is prepared and by whom, or null when it is not there (any more). Locks it. */
  @Nullable
  Unfinished unfinished(UUID id) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(PREPARED)) {
      query.setObject(1, id);
      try (ResultSet row = query.executeQuery()) {
        return row.next()
            ? new Unfinished(
                row.getObject(1, OffsetDateTime.class).toInstant(), row.getObject(2, UUID.class))
            : null;
      }
    }
  }

  /** An unfinished one becomes a serial that is published revoked, unless it is not there any more. */
  List<Closed> close(UUID id, Instant at) throws SQLException {
    try (PreparedStatement close = transaction.prepareStatement(CLOSE_THESE)) {
      close.setArray(1, array("uuid", Stream.of(id)));
      close.setObject(2, time(at));
      return closed(close);
    }
  }

  /** The same for some that were prepared before an instant or by one of the dead. */
  List<Closed> closeOld(Instant before, Set<UUID> dead, Instant at) throws SQLException {
    try (PreparedStatement close = transaction.prepareStatement(CLOSE_OLD)) {
      close.setObject(1, time(before));
      close.setArray(2, array("uuid", dead.stream()));
      close.setObject(3, time(at));
      return closed(close);
    }
  }

  /** Whoever prepared something that is unfinished. */
  Set<UUID> preparedBy() throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(PREPARED_BY)) {
      return uuids(query);
    }
  }

  private static List<Closed> closed(PreparedStatement close) throws SQLException {
    List<Closed> closed = new ArrayList<>();
    try (ResultSet rows = close.executeQuery()) {
      while (rows.next()) {
        closed.add(
            new Closed(rows.getString(1), rows.getString(2), rows.getString(3), rows.getString(4)));
      }
    }
    return closed;
  }

  private static Set<UUID> uuids(PreparedStatement query) throws SQLException {
    Set<UUID> found = new HashSet<>();
    try (ResultSet rows = query.executeQuery()) {
      while (rows.next()) {
        found.add(rows.getObject(1, UUID.class));
      }
    }
    return found;
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

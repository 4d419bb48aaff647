package io.sallyport.pki;

import io.sallyport.pki.Drafts.Draft;
import io.sallyport.pki.Prepared.Signed;
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
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The rows of blocks, and of the certificates that come out of them, on the connection of the transaction under way. */
final class IssuanceBlockTable {
  private static final String RECORD = """
      insert into issuance_block (id, scope, prepared_at, prepared_by, ids, authorities, serials, subject_kinds, subjects,
        profiles, key_digests, counters, not_before, not_after, crl_shards, tbs)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""";
  private static final String TAKE = "delete from issuance_block where id = ?";
  private static final String FINISH = """
      insert into credential (id, authority, serial, subject_kind, subject_id, profile, key_digest, thumbprint, not_before,
        not_after, crl_shard, state, revocation_counter, prepared_at, prepared_by, issued_at, revoked_at, revocation_reason)
      select id, authority, serial, kind, subject, profile, key, thumbprint, not_before, not_after, shard,
        case when reason is null then 'ISSUED' else 'REVOKED' end, counter, prepared_at, ?, ?,
        case when reason is null then null else ?::timestamptz end, reason
      from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) as one
        (id, authority, serial, kind, subject, profile, key, thumbprint, not_before, not_after, shard, counter, prepared_at,
         reason)""";
  private static final String BODIES = """
      insert into certificate_body (credential, ends_on, tbs, certificate)
      select id, cast(not_after at time zone 'UTC' as date), tbs, certificate
      from unnest(?, ?, ?, ?) as one (id, not_after, tbs, certificate)""";
  private static final String CLOSE = """
      with gone as (delete from issuance_block where id = ? returning *)
      insert into credential (id, authority, serial, subject_kind, subject_id, profile, key_digest, tbs_certificate,
        not_before, not_after, crl_shard, state, revocation_counter, prepared_at, prepared_by, revoked_at, revocation_reason)
      select one.id, one.authority, one.serial, one.kind, one.subject, one.profile, one.key, one.tbs, one.not_before,
        one.not_after, one.shard, 'REVOKED', one.counter, gone.prepared_at, gone.prepared_by, ?, 'CESSATION_OF_OPERATION'
      from gone cross join lateral unnest(gone.ids, gone.authorities, gone.serials, gone.subject_kinds, gone.subjects,
        gone.profiles, gone.key_digests, gone.tbs, gone.not_before, gone.not_after, gone.crl_shards, gone.counters) as one
        (id, authority, serial, kind, subject, profile, key, tbs, not_before, not_after, shard, counter)
      returning subject_kind, subject_id, authority, serial""";
  private static final String UNFINISHED = """
      select id from issuance_block where prepared_at < ? or prepared_by = any (?) order by prepared_at limit 1
      for update""";
  private static final String PREPARED_BY = "select distinct prepared_by from issuance_block";
  private static final String THERE = "select id from issuance_block where id = any (?)";
  private static final String SCOPE = "select 1 from issuance_block where scope = ? limit 1";

  private final Connection transaction;

  IssuanceBlockTable(Connection transaction) {
    this.transaction = transaction;
  }

  /** What is recorded before the signature. */
  record Recording(Draft draft, long revocationCounter) {}

  /** @param revoked null unless its device was revoked meanwhile */
  record Finishing(Signed signed, @Nullable RevocationReason revoked) {}

  void record(UUID block, UUID scope, List<Recording> all, Instant at, UUID by)
      throws SQLException {
    try (PreparedStatement record = transaction.prepareStatement(RECORD)) {
      record.setObject(1, block);
      record.setObject(2, scope);
      record.setObject(3, time(at));
      record.setObject(4, by);
      record.setArray(5, array("uuid", all, one -> one.draft.id()));
      record.setArray(
          6, array("text", all, one -> one.draft.issuer().authority().name()));
      record.setArray(7, array("text", all, one -> one.draft.serial().toString(16)));
      record.setArray(
          8, array("text", all, one -> one.draft.order().subject().kind().name()));
      record.setArray(9, array("text", all, one -> one.draft.order().subject().id()));
      record.setArray(
          10, array("text", all, one -> one.draft.order().certificateProfile().name()));
      record.setArray(
          11,
          octets(all, one -> one.draft.order().subjectPublicKeyInfo().digest().octets()));
      record.setArray(12, array("bigint", all, Recording::revocationCounter));
      record.setArray(13, array("timestamptz", all, one -> time(one.draft.notBefore())));
      record.setArray(14, array("timestamptz", all, one -> time(one.draft.notAfter())));
      record.setArray(15, array("integer", all, one -> one.draft.crlShard()));
      record.setArray(16, octets(all, one -> one.draft.tbsCertificate().octets()));
      record.executeUpdate();
    }
  }

  /** Whether it was there, which it then is no more. */
  boolean take(UUID block) throws SQLException {
    try (PreparedStatement take = transaction.prepareStatement(TAKE)) {
      take.setObject(1, block);
      return take.executeUpdate() == 1;
    }
  }

  void finish(List<Finishing> all, Instant at, UUID by) throws SQLException {
    try (PreparedStatement finish = transaction.prepareStatement(FINISH);
        PreparedStatement bodies = transaction.prepareStatement(BODIES)) {
      Array ids = array("uuid", all, one -> one.signed.draft().id());
      Array notAfter = array("timestamptz", all, one -> time(one.signed.draft().notAfter()));
      finish.setObject(1, by);
      finish.setObject(2, time(at));
      finish.setObject(3, time(at));
      finish.setArray(4, ids);
      finish.setArray(
          5, array("text", all, one -> one.signed.draft().issuer().authority().name()));
      finish.setArray(6, array("text", all, one -> one.signed.draft().serial().toString(16)));
      finish.setArray(
          7,
          array("text", all, one -> one.signed.draft().order().subject().kind().name()));
      finish.setArray(
          8, array("text", all, one -> one.signed.draft().order().subject().id()));
      finish.setArray(
          9,
          array(
              "text",
              all,
              one -> one.signed.draft().order().certificateProfile().name()));
      finish.setArray(
          10,
          octets(
              all,
              one -> one.signed.draft().order().subjectPublicKeyInfo().digest().octets()));
      finish.setArray(11, octets(all, one -> one.signed.certificate().digest().octets()));
      finish.setArray(
          12, array("timestamptz", all, one -> time(one.signed.draft().notBefore())));
      finish.setArray(13, notAfter);
      finish.setArray(14, array("integer", all, one -> one.signed.draft().crlShard()));
      finish.setArray(15, array("bigint", all, one -> one.signed.revocationCounter()));
      finish.setArray(
          16, array("timestamptz", all, one -> time(one.signed.draft().preparedAt())));
      finish.setArray(
          17, array("text", all, one -> one.revoked == null ? null : one.revoked.name()));
      finish.executeUpdate();
      bodies.setArray(1, ids);
      bodies.setArray(2, notAfter);
      bodies.setArray(3, octets(all, one -> one.signed.draft().tbsCertificate().octets()));
      bodies.setArray(4, octets(all, one -> one.signed.certificate().octets()));
      bodies.executeUpdate();
    }
  }

  /** What was in it becomes serials that are published revoked; nothing, when it is not there any more. */
  List<Closed> close(UUID block, Instant at) throws SQLException {
    List<Closed> closed = new ArrayList<>();
    try (PreparedStatement close = transaction.prepareStatement(CLOSE)) {
      close.setObject(1, block);
      close.setObject(2, time(at));
      try (ResultSet rows = close.executeQuery()) {
        while (rows.next()) {
          closed.add(new Closed(
              rows.getString(1), rows.getString(2), rows.getString(3), rows.getString(4)));
        }
      }
    }
    return closed;
  }

  /** The same for the oldest that was prepared before an instant or by one of the dead. */
  List<Closed> closeOne(Instant before, Set<UUID> dead, Instant at) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(UNFINISHED)) {
      query.setObject(1, time(before));
      query.setArray(2, transaction.createArrayOf("uuid", dead.toArray()));
      try (ResultSet row = query.executeQuery()) {
        return row.next() ? close(row.getObject(1, UUID.class), at) : List.of();
      }
    }
  }

  Set<UUID> preparedBy() throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(PREPARED_BY)) {
      return uuids(query);
    }
  }

  Set<UUID> there(Collection<UUID> blocks) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(THERE)) {
      query.setArray(1, transaction.createArrayOf("uuid", blocks.toArray()));
      return uuids(query);
    }
  }

  boolean isUnderWay(UUID scope) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(SCOPE)) {
      query.setObject(1, scope);
      try (ResultSet row = query.executeQuery()) {
        return row.next();
      }
    }
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

  private <T> Array array(String type, List<T> all, Function<T, @Nullable Object> value)
      throws SQLException {
    return transaction.createArrayOf(type, all.stream().map(value).toArray());
  }

  private <T> Array octets(List<T> all, Function<T, byte[]> value) throws SQLException {
    return transaction.createArrayOf("bytea", all.stream().map(value).toArray(byte[][]::new));
  }

  private static OffsetDateTime time(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}

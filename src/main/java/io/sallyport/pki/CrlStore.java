package io.sallyport.pki;

import io.sallyport.audit.JobLease;
import io.sallyport.kernel.Der;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The durable steps of publishing a CRL. Those that give out a number or publish run in a transaction of the job's
 * {@link JobLease}, which commits only while the job is this node's (law 9).
 */
@ApplicationScoped
class CrlStore {
  private static final String LISTS = """
      select a.name, c.this_update, a.crl_number > coalesce(c.number, 0), exists (
        select 1 from credential r
        where r.authority = a.name and r.crl_shard = ? and r.state = 'REVOKED' and r.listed_in is null)
      from authority a left join crl c on c.authority = a.name and c.shard = ?
      where a.signing_key is not null and a.certificate is not null order by a.created_at""";
  private static final String NUMBER =
      "update authority set crl_number = crl_number + 1 where name = ? returning crl_number";
  private static final String LIST = """
      update credential set listed_in = ?
      where authority = ? and crl_shard = ? and state = 'REVOKED' and listed_in is null""";
  /** An expired certificate leaves the list after it stood in one more (RFC 5280 §3.3). */
  private static final String ENTRIES = """
      select serial, revoked_at, revocation_reason from credential
      where authority = ? and crl_shard = ? and state = 'REVOKED' and not_after >= coalesce(
        (select this_update from crl where crl.authority = credential.authority and shard = crl_shard), '-infinity')
      order by serial""";

  private static final String PUBLISH = """
      insert into crl (authority, shard, number, this_update, next_update, crl) values (?, ?, ?, ?, ?, ?)
      on conflict (authority, shard) do update set number = excluded.number, this_update = excluded.this_update,
        next_update = excluded.next_update, crl = excluded.crl
      where crl.number < excluded.number""";

  private final EntityManager entities;

  CrlStore(EntityManager entities) {
    this.entities = entities;
  }

  /** A revoked serial. */
  record Entry(BigInteger serial, Instant revokedAt, RevocationReason reason) {}

  /** What goes into the next list. Its number is committed before anything that carries it is signed (law 9). */
  record Draft(long number, List<Entry> entries) {
    Draft {
      entries = List.copyOf(entries);
    }
  }

  /**
   * How the list of an authority stands whose key is here.
   *
   * @param thisUpdate null when there is none
   * @param cutOff a number was given out and its list did not come
   * @param unlisted a serial was revoked that no list carries yet
   */
  record Standing(
      String authority, @Nullable Instant thisUpdate, boolean cutOff, boolean unlisted) {}

  List<Standing> standings(Connection connection, int shard) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(LISTS)) {
      query.setInt(1, shard);
      query.setInt(2, shard);
      List<Standing> standings = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          OffsetDateTime thisUpdate = row.getObject(2, OffsetDateTime.class);
          standings.add(new Standing(
              row.getString(1),
              thisUpdate == null ? null : thisUpdate.toInstant(),
              row.getBoolean(3),
              row.getBoolean(4)));
        }
      }
      return standings;
    }
  }

  Draft draft(Connection transaction, String authority, int shard) throws SQLException {
    long number = number(transaction, authority);
    try (PreparedStatement list = transaction.prepareStatement(LIST);
        PreparedStatement query = transaction.prepareStatement(ENTRIES)) {
      list.setLong(1, number);
      list.setString(2, authority);
      list.setInt(3, shard);
      list.executeUpdate();
      query.setString(1, authority);
      query.setInt(2, shard);
      List<Entry> entries = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          entries.add(new Entry(
              new BigInteger(row.getString(1), 16),
              row.getObject(2, OffsetDateTime.class).toInstant(),
              RevocationReason.valueOf(row.getString(3))));
        }
      }
      return new Draft(number, entries);
    }
  }

  private static long number(Connection transaction, String authority) throws SQLException {
    try (PreparedStatement number = transaction.prepareStatement(NUMBER)) {
      number.setString(1, authority);
      try (ResultSet row = number.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /** Replaces the list unless a newer one is there. */
  void publish(
      Connection transaction,
      String authority,
      int shard,
      long number,
      Instant thisUpdate,
      Instant nextUpdate,
      Der crl)
      throws SQLException {
    try (PreparedStatement publish = transaction.prepareStatement(PUBLISH)) {
      publish.setString(1, authority);
      publish.setInt(2, shard);
      publish.setLong(3, number);
      publish.setObject(4, thisUpdate.atOffset(ZoneOffset.UTC));
      publish.setObject(5, nextUpdate.atOffset(ZoneOffset.UTC));
      publish.setBytes(6, crl.octets());
      publish.executeUpdate();
    }
  }

  @Transactional
  Optional<CertificateStatus.Crl> latest(String authority, int shard) {
    return Optional.ofNullable(entities.find(CrlRow.class, new CrlRow.Key(authority, shard)))
        .map(CrlRow::published);
  }
}

package io.sallyport.pki;

import io.sallyport.audit.JobLease;
import io.sallyport.kernel.Der;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The durable steps of publishing a CRL. Those that give out a number or publish run in a transaction of the job's
 * {@link JobLease}, which commits only while the job is this node's (law 9).
 */
@ApplicationScoped
class CrlStore {
  private static final String FOUND = """
      insert into crl_shard (authority, shard)
      select a.name, s from authority a cross join generate_series(0, ? - 1) s
      where a.name = ? and not exists (
        select from crl_shard k where k.authority = a.name and k.shard = ? - 1)
      on conflict do nothing""";
  private static final String ADDRESS =
      "insert into status_url (url) values (?) on conflict (url) do update set used_since = excluded.used_since";
  private static final String ADDRESSES =
      "select url from status_url order by used_since desc limit 8";
  private static final String LISTS = """
      select s.authority, s.shard, s.drafted, c.number, c.this_update, d.number, d.base_number, d.this_update, d.entries,
        exists (select from revocation r
          where r.authority = s.authority and r.crl_shard = s.shard and r.listed_in is null),
        c.addresses <> ?
      from crl_shard s join authority a on a.name = s.authority
      left join crl c on c.authority = s.authority and c.shard = s.shard
      left join crl_delta d on d.authority = s.authority and d.shard = s.shard
      where a.signing_key is not null and a.certificate is not null order by a.created_at, s.shard""";
  private static final String NUMBER =
      "update authority set crl_number = greatest(crl_number, ?) + 1 where name = ? returning crl_number";
  private static final String DRAFTED =
      "update crl_shard set drafted = ? where authority = ? and shard = ?";
  private static final String LIST = """
      update revocation set listed_in = ? where authority = ? and crl_shard = ? and listed_in is null""";
  /** An expired certificate leaves the list after it stood in one more (RFC 5280 §3.3). */
  private static final String WHOLE = """
      select serial, cast(extract(epoch from revoked_at) as bigint), reason,
        listed_in is null or listed_in > ?, not_after < ?
      from revocation where authority = ? and crl_shard = ? order by serial""";

  private static final String SINCE = """
      select serial, cast(extract(epoch from revoked_at) as bigint), reason, true, not_after < ?
      from revocation where authority = ? and crl_shard = ? and (listed_in is null or listed_in > ?)
      order by serial""";
  private static final String PUBLISH = """
      insert into crl (authority, shard, number, this_update, next_update, crl, addresses) values (?, ?, ?, ?, ?, ?, ?)
      on conflict (authority, shard) do update set number = excluded.number, this_update = excluded.this_update,
        next_update = excluded.next_update, crl = excluded.crl, addresses = excluded.addresses, follows = crl.this_update
      where crl.number < excluded.number""";
  private static final String PUBLISH_DELTA = """
      insert into crl_delta (authority, shard, number, this_update, next_update, crl, base_number, entries)
      values (?, ?, ?, ?, ?, ?, ?, ?)
      on conflict (authority, shard) do update set number = excluded.number, this_update = excluded.this_update,
        next_update = excluded.next_update, crl = excluded.crl, follows = crl_delta.this_update,
        base_number = excluded.base_number, entries = excluded.entries
      where crl_delta.number < excluded.number""";
  /** What no list to come carries: lifted holds that the new list does without, and what has expired. */
  private static final String FORGET = """
      delete from revocation where authority = ? and crl_shard = ? and (reason = 8 and listed_in <= ? or not_after < ?)""";

  /** A root that is kept elsewhere has a list and no shard. */
  private static final String STAND = """
      select authority, count(*), count(c.number), greatest(max(c.number), max(d.number)), min(c.this_update), min(c.next_update)
      from crl_shard s full join crl c using (authority, shard) left join crl_delta d using (authority, shard)
      group by authority""";

  private static final int ROWS_AT_ONCE = 5000;

  private final DataSource database;

  CrlStore(DataSource database) {
    this.database = database;
  }

  /**
   * A list that is published.
   *
   * @param baseNumber of a delta, what it follows; of any other, its own number
   * @param entries of a delta; of any other not counted
   */
  record Listed(long number, long baseNumber, Instant thisUpdate, int entries) {}

  /**
   * How the lists of a shard stand whose authority's key is here.
   *
   * @param drafted the highest number given out
   * @param unlisted a serial was revoked, held or released that no list tells of yet
   * @param moved certificates carry other addresses than the list says that it is to be had under
   */
  record Standing(
      String authority,
      int shard,
      long drafted,
      @Nullable Listed base,
      @Nullable Listed delta,
      boolean unlisted,
      boolean moved) {
    /** A number was given out and its list did not come. */
    boolean cutOff() {
      return drafted > published();
    }

    /** The highest number that is published, 0 when there is none. */
    long published() {
      return Math.max(base == null ? 0 : base.number, delta == null ? 0 : delta.number);
    }

    /** The delta tells more than the list that it follows. */
    boolean behind() {
      return unlisted
          || base != null && delta != null && delta.baseNumber == base.number && delta.entries > 0;
    }
  }

  /**
   * What goes into the next lists of a shard. Its number is committed before anything that carries it is signed (law 9).
   *
   * @param baseNumber what the delta follows
   * @param whole null when only the delta is made
   * @param forgets when the last whole list was made, if it held anything that the next ones do without
   */
  record Draft(
      Standing standing,
      long number,
      long baseNumber,
      @Nullable CrlEntries whole,
      CrlEntries delta,
      @Nullable Instant forgets) {
    int length() {
      return delta.length() + (whole == null ? 0 : whole.length());
    }
  }

  /** A signed list. */
  record Signed(Instant thisUpdate, Instant nextUpdate, byte[] crl) {}

  /** Makes sure that an authority has the shards that certificates are spread over. */
  void found(Connection connection, String authority, int shards) throws SQLException {
    try (PreparedStatement found = connection.prepareStatement(FOUND)) {
      found.setInt(1, shards);
      found.setString(2, authority);
      found.setInt(3, shards);
      found.executeUpdate();
    }
  }

  /**
   * Keeps what this node's certificates carry, which the job's node may not: an address, and shards by authority. From
   * then on there are lists for both.
   */
  void use(String address, Map<String, Integer> shards) {
    try (Connection connection = database.getConnection();
        PreparedStatement use = connection.prepareStatement(ADDRESS)) {
      use.setString(1, address);
      use.executeUpdate();
      for (Map.Entry<String, Integer> one : shards.entrySet()) {
        found(connection, one.getKey(), one.getValue());
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the status address cannot be recorded", e);
    }
  }

  /** The addresses that certificates carry, the newest first. */
  List<String> addresses(Connection connection) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(ADDRESSES);
        ResultSet row = query.executeQuery()) {
      List<String> addresses = new ArrayList<>();
      while (row.next()) {
        addresses.add(row.getString(1));
      }
      return addresses;
    }
  }

  List<Standing> standings(Connection connection) throws SQLException {
    String addresses = text(addresses(connection));
    try (PreparedStatement query = connection.prepareStatement(LISTS)) {
      query.setString(1, addresses);
      try (ResultSet row = query.executeQuery()) {
        List<Standing> standings = new ArrayList<>();
        while (row.next()) {
          Instant base = instant(row, 5);
          Instant delta = instant(row, 8);
          standings.add(new Standing(
              row.getString(1),
              row.getInt(2),
              row.getLong(3),
              base == null ? null : new Listed(row.getLong(4), row.getLong(4), base, 0),
              delta == null
                  ? null
                  : new Listed(row.getLong(6), row.getLong(7), delta, row.getInt(9)),
              row.getBoolean(10),
              row.getBoolean(11)));
        }
        return standings;
      }
    }
  }

  /** The same for the same addresses, whichever is the newest. */
  private static String text(List<String> addresses) {
    return addresses.stream().sorted().collect(Collectors.joining(" "));
  }

  private static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }

  /** Gives out the next number and reads what its lists carry: the delta always, the whole list if wanted. */
  Draft draft(Connection transaction, Standing standing, boolean whole) throws SQLException {
    long number = number(transaction, standing);
    try (PreparedStatement list = transaction.prepareStatement(LIST);
        PreparedStatement drafted = transaction.prepareStatement(DRAFTED)) {
      list.setLong(1, number);
      list.setString(2, standing.authority());
      list.setInt(3, standing.shard());
      list.executeUpdate();
      drafted.setLong(1, number);
      drafted.setString(2, standing.authority());
      drafted.setInt(3, standing.shard());
      drafted.executeUpdate();
    }
    Listed base = standing.base();
    return whole || base == null
        ? whole(transaction, standing, number, base)
        : since(transaction, standing, number, base);
  }

  private static Draft whole(
      Connection transaction, Standing standing, long number, @Nullable Listed base)
      throws SQLException {
    CrlEntries whole = new CrlEntries();
    CrlEntries delta = new CrlEntries();
    boolean forgets = false;
    Instant last = base == null ? Instant.EPOCH : base.thisUpdate();
    try (PreparedStatement query = transaction.prepareStatement(WHOLE)) {
      query.setFetchSize(ROWS_AT_ONCE);
      query.setLong(1, base == null ? number : base.number());
      query.setObject(2, last.atOffset(ZoneOffset.UTC));
      query.setString(3, standing.authority());
      query.setInt(4, standing.shard());
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          int reason = row.getInt(3);
          boolean expired = row.getBoolean(5);
          forgets |= expired || reason == CrlEntries.REMOVE_FROM_CRL;
          byte[] serial = row.getBytes(1);
          long revokedAt = row.getLong(2);
          if (expired) {
            if (!row.getBoolean(4)) {
              // List and delta of one number say the same (RFC 5280 §5.2.3).
              delta.add(serial, revokedAt, CrlEntries.REMOVE_FROM_CRL);
            }
            continue;
          }
          if (reason != CrlEntries.REMOVE_FROM_CRL) {
            whole.add(serial, revokedAt, reason);
          }
          if (row.getBoolean(4)) {
            delta.add(serial, revokedAt, reason);
          }
        }
      }
    }
    long follows = base == null ? number : base.number();
    return new Draft(standing, number, follows, whole, delta, forgets ? last : null);
  }

  private static Draft since(Connection transaction, Standing standing, long number, Listed base)
      throws SQLException {
    CrlEntries delta = new CrlEntries();
    try (PreparedStatement query = transaction.prepareStatement(SINCE)) {
      query.setFetchSize(ROWS_AT_ONCE);
      query.setObject(1, base.thisUpdate().atOffset(ZoneOffset.UTC));
      query.setString(2, standing.authority());
      query.setInt(3, standing.shard());
      query.setLong(4, base.number());
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          if (!row.getBoolean(5)) {
            delta.add(row.getBytes(1), row.getLong(2), row.getInt(3));
          }
        }
      }
    }
    return new Draft(standing, number, base.number(), null, delta, null);
  }

  private static long number(Connection transaction, Standing standing) throws SQLException {
    try (PreparedStatement number = transaction.prepareStatement(NUMBER)) {
      number.setLong(1, Math.max(standing.drafted(), standing.published()));
      number.setString(2, standing.authority());
      try (ResultSet row = number.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /** Replaces both lists of a shard; refuses to go back behind a number that is published. */
  void publish(
      Connection transaction,
      Draft draft,
      @Nullable Signed whole,
      Signed delta,
      List<String> addresses)
      throws SQLException {
    if (whole != null) {
      try (PreparedStatement publish = transaction.prepareStatement(PUBLISH)) {
        set(publish, draft, whole);
        publish.setString(7, text(addresses));
        replaced(publish, draft);
      }
      forget(transaction, draft);
    }
    try (PreparedStatement publish = transaction.prepareStatement(PUBLISH_DELTA)) {
      set(publish, draft, delta);
      publish.setLong(7, draft.baseNumber());
      publish.setInt(8, draft.delta().count());
      replaced(publish, draft);
    }
  }

  /** A whole list that was signed elsewhere, in the transaction under way. */
  void take(String authority, long number, Instant thisUpdate, Instant nextUpdate, Der crl) {
    try (Connection connection = database.getConnection();
        PreparedStatement publish = connection.prepareStatement(PUBLISH)) {
      publish.setString(1, authority);
      publish.setInt(2, 0);
      publish.setLong(3, number);
      publish.setObject(4, thisUpdate.atOffset(ZoneOffset.UTC));
      publish.setObject(5, nextUpdate.atOffset(ZoneOffset.UTC));
      publish.setBytes(6, crl.octets());
      publish.setString(7, "");
      if (publish.executeUpdate() != 1) {
        throw new IllegalStateException(
            "a list of " + authority + " is published with a number above " + number);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("a list cannot be recorded", e);
    }
  }

  private static void set(PreparedStatement publish, Draft draft, Signed signed)
      throws SQLException {
    publish.setString(1, draft.standing().authority());
    publish.setInt(2, draft.standing().shard());
    publish.setLong(3, draft.number());
    publish.setObject(4, signed.thisUpdate().atOffset(ZoneOffset.UTC));
    publish.setObject(5, signed.nextUpdate().atOffset(ZoneOffset.UTC));
    publish.setBytes(6, signed.crl());
  }

  private static void replaced(PreparedStatement publish, Draft draft) throws SQLException {
    if (publish.executeUpdate() != 1) {
      throw new IllegalStateException("list " + draft.standing().shard() + " of "
          + draft.standing().authority() + " is published with a number above " + draft.number());
    }
  }

  private static void forget(Connection transaction, Draft draft) throws SQLException {
    Instant last = draft.forgets();
    if (last == null) {
      return;
    }
    try (PreparedStatement forget = transaction.prepareStatement(FORGET)) {
      forget.setString(1, draft.standing().authority());
      forget.setInt(2, draft.standing().shard());
      forget.setLong(3, draft.number());
      forget.setObject(4, last.atOffset(ZoneOffset.UTC));
      forget.executeUpdate();
    }
  }

  /** How the lists of each authority stand. */
  Map<String, CertificateStatus.Lists> lists() {
    Map<String, CertificateStatus.Lists> lists = new HashMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(STAND);
        ResultSet row = query.executeQuery()) {
      while (row.next()) {
        lists.put(
            row.getString(1),
            new CertificateStatus.Lists(
                row.getInt(2), row.getInt(3), row.getLong(4), instant(row, 5), instant(row, 6)));
      }
      return lists;
    } catch (SQLException e) {
      throw new IllegalStateException("the lists cannot be counted", e);
    }
  }

  Optional<CertificateStatus.Crl> latest(String authority, int shard) {
    return read("crl", authority, shard);
  }

  Optional<CertificateStatus.Crl> latestDelta(String authority, int shard) {
    return read("crl_delta", authority, shard);
  }

  private Optional<CertificateStatus.Crl> read(String table, String authority, int shard) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(
            "select crl, number, this_update, next_update, follows from " + table
                + " where authority = ? and shard = ?")) {
      query.setString(1, authority);
      query.setInt(2, shard);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return Optional.empty();
        }
        Instant thisUpdate = row.getObject(3, OffsetDateTime.class).toInstant();
        Instant follows = instant(row, 5);
        return Optional.of(new CertificateStatus.Crl(
            Der.of(row.getBytes(1)),
            row.getLong(2),
            thisUpdate,
            row.getObject(4, OffsetDateTime.class).toInstant(),
            follows == null || follows.isBefore(thisUpdate)));
      }
    } catch (SQLException e) {
      throw new IllegalStateException("a list cannot be read", e);
    }
  }
}

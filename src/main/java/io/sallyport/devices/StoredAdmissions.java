package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.TransactionSynchronizationRegistry;
import jakarta.transaction.Transactional;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Admissions in the database. */
@ApplicationScoped
class StoredAdmissions implements Admissions {
  private static final UUID NO_ID = new UUID(0, 0);

  /** Shared by admissions, alone for whoever shuts an anchor: then either sees what the other did. */
  private static final long LOCK = 0x53616c6c79416e63L;

  private static final String SHARED = "select pg_advisory_xact_lock_shared(?)";
  private static final String ALONE = "select pg_advisory_xact_lock(?)";
  private static final String TRUSTED = """
      select exists (select 1 from trust_anchor where digest = ?)
        and not exists (select 1 from trust_anchor where distrusted_key = any (?))""";
  private static final String PATH = """
      insert into admission_path (digest, manufacturer, anchor, keys)
      select ?, ?, ?, ? where not exists (select 1 from admission_path where digest = ?)
      on conflict (digest) do nothing""";
  private static final String ADMIT = """
      insert into admission (device, idevid, idevid_key, path, how, at)
      select device, idevid, key, ?, how, ? from unnest(?, ?, ?, ?) as one (device, idevid, key, how)
      order by device, idevid on conflict (device, idevid) do nothing""";
  private static final String COUNT = """
      select count(distinct d.id), count(distinct d.id) filter (where d.state <> 'DECOMMISSIONED')
      from admission_path p join admission a on a.path = p.digest join device d on d.id = a.device
      where ? = any (p.keys)""";
  private static final String ADMITTED = """
      select d.id, h.serial_number, h.model, d.site, d.state, a.idevid, a.how, a.at
      from admission_path p join admission a on a.path = p.digest
      join device d on d.id = a.device join hardware_unit h on h.id = d.hardware_unit
      where ? = any (p.keys) and (a.device, a.idevid) > (?, ?)
        and (cardinality(?::text[]) = 0 or d.site = any (?))
      order by a.device, a.idevid limit ?""";

  private static final Object EXPECTED = new Object();

  private final EntityManager entities;
  private final DataSource database;
  private final TransactionSynchronizationRegistry transactions;
  private final Audit audit;
  private final Clock clock;

  StoredAdmissions(
      EntityManager entities,
      DataSource database,
      TransactionSynchronizationRegistry transactions,
      Audit audit,
      Clock clock) {
    this.entities = entities;
    this.database = database;
    this.transactions = transactions;
    this.audit = audit;
    this.clock = clock;
  }

  static Refusal distrusted() {
    return new Refusal(
        DeviceProblem.DISTRUSTED_ANCHOR,
        "The manufacturer's authority that vouches for this device is not trusted any more.");
  }

  /** Of the transaction under way: what is still to be noted, what was, and what is refused. */
  private record Expected(Set<Entry> waiting, Set<Entry> noted, Set<Entry> refused) {}

  private Expected expected() {
    if (transactions.getResource(EXPECTED) instanceof Expected known) {
      return known;
    }
    Expected fresh = new Expected(new LinkedHashSet<>(), new HashSet<>(), new HashSet<>());
    transactions.putResource(EXPECTED, fresh);
    return fresh;
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public void expect(Entry entry) {
    expected().waiting.add(entry);
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public void admit(Entry entry) {
    Expected expected = expected();
    if (!expected.noted.contains(entry) && !expected.refused.contains(entry)) {
      expected.waiting.add(entry);
      note(expected);
    }
    if (expected.refused.contains(entry)) {
      throw distrusted();
    }
  }

  private void note(Expected expected) {
    Map<String, List<Entry>> byPath = new TreeMap<>();
    expected.waiting.forEach(entry -> byPath
        .computeIfAbsent(path(entry.recognition()), path -> new ArrayList<>())
        .add(entry));
    expected.waiting.clear();
    try (Connection transaction = database.getConnection()) {
      lock(transaction, SHARED);
      for (Map.Entry<String, List<Entry>> one : byPath.entrySet()) {
        Recognition recognition = one.getValue().getFirst().recognition();
        Array keys = transaction.createArrayOf("bytea", keys(recognition));
        if (!isTrusted(transaction, recognition.anchor(), keys)) {
          expected.refused.addAll(one.getValue());
          continue;
        }
        try (PreparedStatement insert = transaction.prepareStatement(PATH)) {
          insert.setString(1, one.getKey());
          insert.setObject(2, recognition.manufacturerId());
          insert.setString(3, recognition.anchor().hex());
          insert.setArray(4, keys);
          insert.setString(5, one.getKey());
          insert.executeUpdate();
        }
        admit(transaction, one.getKey(), one.getValue());
        expected.noted.addAll(one.getValue());
      }
    } catch (SQLException e) {
      throw new IllegalStateException("admissions could not be recorded", e);
    }
  }

  private static byte[][] keys(Recognition recognition) {
    return recognition.authorities().stream().map(Digest::octets).toArray(byte[][]::new);
  }

  private static String path(Recognition recognition) {
    return Digest.of(Digest.of(keys(recognition)).octets(), recognition.anchor().octets())
        .hex();
  }

  private void admit(Connection transaction, String path, List<Entry> entries) throws SQLException {
    try (PreparedStatement insert = transaction.prepareStatement(ADMIT)) {
      insert.setString(1, path);
      insert.setObject(2, clock.instant().atOffset(ZoneOffset.UTC));
      insert.setArray(
          3,
          transaction.createArrayOf("uuid", entries.stream().map(Entry::device).toArray()));
      insert.setArray(
          4,
          transaction.createArrayOf(
              "bytea",
              entries.stream()
                  .map(one -> Digest.of(TrustPaths.octets(one.idevid())).octets())
                  .toArray(byte[][]::new)));
      insert.setArray(
          5,
          transaction.createArrayOf(
              "bytea",
              entries.stream()
                  .map(
                      one -> Digest.of(one.idevid().getPublicKey().getEncoded()).octets())
                  .toArray(byte[][]::new)));
      insert.setArray(
          6, transaction.createArrayOf("text", entries.stream().map(Entry::how).toArray()));
      insert.executeUpdate();
    }
  }

  private static boolean isTrusted(Connection transaction, Digest anchor, Array keys)
      throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(TRUSTED)) {
      query.setString(1, anchor.hex());
      query.setArray(2, keys);
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  private static void lock(Connection transaction, String sql) throws SQLException {
    try (PreparedStatement lock = transaction.prepareStatement(sql)) {
      lock.setLong(1, LOCK);
      lock.execute();
    }
  }

  @Override
  @Transactional
  public Report distrust(String manufacturer, Digest anchor, String reason, Actor actor) {
    try (Connection transaction = database.getConnection()) {
      lock(transaction, ALONE);
      TrustAnchorRow row = anchor(manufacturer, anchor, LockModeType.PESSIMISTIC_WRITE);
      Digest key = key(row);
      if (row.distrustedAt == null) {
        row.distrustedAt = clock.instant().truncatedTo(ChronoUnit.MICROS);
        row.distrustedKey = key.octets();
        row.distrustReason = RegistrationRules.reason(reason);
        entities.flush();
      }
      long[] counts = counts(transaction, key);
      audit.record(Fact.of("manufacturer.anchor-distrusted", actor, "manufacturer", manufacturer)
          .with("anchor", anchor.hex())
          .with("key", key.hex())
          .with("reason", RegistrationRules.reason(reason))
          .with("devices", counts[0]));
      return new Report(
          manufacturer,
          anchor,
          new Anchor.Distrust(row.distrustedAt, String.valueOf(row.distrustReason)),
          counts[0],
          counts[1]);
    } catch (SQLException e) {
      throw new IllegalStateException("an anchor could not be shut", e);
    }
  }

  private static long[] counts(Connection transaction, Digest key) throws SQLException {
    try (PreparedStatement count = transaction.prepareStatement(COUNT)) {
      count.setBytes(1, key.octets());
      try (ResultSet row = count.executeQuery()) {
        row.next();
        return new long[] {row.getLong(1), row.getLong(2)};
      }
    }
  }

  @Override
  @Transactional
  public Page<Admission> admittedBy(
      String manufacturer, Digest anchor, Set<String> sites, @Nullable String cursor, int limit) {
    Digest key = key(anchor(manufacturer, anchor, LockModeType.NONE));
    int most = Math.clamp(limit, 1, Page.MOST);
    String[] after = cursor == null ? new String[] {NO_ID.toString(), ""} : cursor.split("/", -1);
    List<Admission> found = new ArrayList<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(ADMITTED)) {
      Array seen = transaction.createArrayOf("text", sites.toArray());
      query.setBytes(1, key.octets());
      position(query, after);
      query.setArray(4, seen);
      query.setArray(5, seen);
      query.setInt(6, most + 1);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.add(admission(row));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("admissions could not be read", e);
    }
    return Page.cut(found, most, one -> one.device() + "/" + one.idevid().hex());
  }

  private static void position(PreparedStatement query, String[] after) throws SQLException {
    try {
      if (after.length == 2) {
        query.setObject(2, UUID.fromString(after[0]));
        query.setBytes(
            3, after[1].isEmpty() ? new byte[0] : Digest.ofHex(after[1]).octets());
        return;
      }
    } catch (IllegalArgumentException e) {
      // Told below.
    }
    throw new Refusal(CommonProblem.MALFORMED, "The cursor is not one that this server gave.");
  }

  private static Admission admission(ResultSet row) throws SQLException {
    return new Admission(
        row.getObject(1, UUID.class),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        DeviceState.valueOf(row.getString(5)),
        Digest.ofOctets(row.getBytes(6)),
        row.getString(7),
        row.getObject(8, OffsetDateTime.class).toInstant());
  }

  private TrustAnchorRow anchor(String manufacturer, Digest anchor, LockModeType lock) {
    TrustAnchorRow row = entities.find(TrustAnchorRow.class, anchor.hex(), lock);
    ManufacturerRow owner =
        row == null ? null : entities.find(ManufacturerRow.class, row.manufacturer);
    if (row == null || owner == null || !owner.name.equals(manufacturer)) {
      throw new Refusal(DeviceProblem.UNKNOWN_ANCHOR, "The manufacturer has no such trust anchor.");
    }
    return row;
  }

  private static Digest key(TrustAnchorRow row) {
    return Digest.of(TrustAnchors.parse(Der.of(row.certificate)).getPublicKey().getEncoded());
  }
}

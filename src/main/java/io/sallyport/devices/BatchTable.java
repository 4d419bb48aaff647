package io.sallyport.devices;

import io.sallyport.devices.Batches.WorkOrder;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
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
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Work orders and their counts, on the connection of the transaction under way. */
final class BatchTable {
  private static final String MANUFACTURER = "select id from manufacturer where name = ?";
  private static final String PROFILE = "select 1 from device_profile where name = ?";
  private static final String CREATE = """
      with made as (
        insert into batch (id, name, manufacturer, model, profile, certificate_profile, owner, site, line, serial_pattern,
          ordered, state, created_at)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'OPEN', ?) on conflict (name) do nothing returning id)
      insert into batch_count (batch) select id from made""";
  private static final String BATCH = """
      select b.id, b.name, m.name, b.model, b.profile, b.certificate_profile, b.owner, b.site, b.line, b.serial_pattern,
        b.ordered, b.manufacturer, b.registered, c.issued, c.refused, b.state, b.created_at, b.closed_at, b.manifest_digest,
        c.given_up
      from batch b join manufacturer m on m.id = b.manufacturer join batch_count c on c.batch = b.id """;
  private static final String FIND = BATCH + " where b.id = ?";
  private static final String LIST = BATCH
      + " where b.id > ? and (cardinality(?::text[]) = 0 or b.site = any (?)) order by b.id limit ?";

  private static final String HOLD_OPEN = "select state from batch where id = ? for share";
  private static final String LOCK_OPEN =
      "select ordered - registered, state from batch where id = ? for update";
  private static final String REGISTERED =
      "update batch set registered = registered + ? where id = ?";
  private static final String COUNT_ISSUED =
      "update batch_count set issued = issued + ? where batch = ?";
  private static final String COUNT_REFUSED =
      "update batch_count set refused = refused + ? where batch = ?";
  private static final String COUNT_GIVEN_UP =
      "update batch_count set given_up = given_up + ? where batch = ?";
  private static final String CLOSING =
      "update batch set state = 'CLOSING' where id = ? and state = 'OPEN'";
  private static final String CLOSE = """
      update batch set state = 'CLOSED', closed_at = ?, manifest_digest = ?, manifest_signature = ? where id = ? and state = 'CLOSING'""";

  private static final String SIGNATURE =
      "select manifest_signature from batch where id = ? and manifest_signature is not null";

  private final Connection transaction;

  BatchTable(Connection transaction) {
    this.transaction = transaction;
  }

  interface Reading<T> {
    T of(ResultSet row) throws SQLException;
  }

  static <T> List<T> read(PreparedStatement query, Reading<T> reading) throws SQLException {
    List<T> found = new ArrayList<>();
    try (ResultSet rows = query.executeQuery()) {
      while (rows.next()) {
        found.add(reading.of(rows));
      }
    }
    return found;
  }

  Optional<UUID> manufacturer(String name) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(MANUFACTURER)) {
      query.setString(1, name);
      return read(query, row -> row.getObject(1, UUID.class)).stream().findFirst();
    }
  }

  boolean hasProfile(String name) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(PROFILE)) {
      query.setString(1, name);
      return !read(query, row -> row.getInt(1)).isEmpty();
    }
  }

  boolean create(UUID id, WorkOrder order, UUID manufacturer, Instant at) throws SQLException {
    try (PreparedStatement create = transaction.prepareStatement(CREATE)) {
      create.setObject(1, id);
      create.setString(2, order.name());
      create.setObject(3, manufacturer);
      create.setString(4, order.model());
      create.setString(5, order.profile());
      create.setString(6, order.certificateProfile());
      create.setString(7, order.owner());
      create.setString(8, order.site());
      create.setString(9, order.line());
      create.setString(10, order.serialPattern());
      create.setInt(11, order.ordered());
      create.setObject(12, time(at));
      return create.executeUpdate() == 1;
    }
  }

  Optional<Batch> find(UUID id) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(FIND)) {
      query.setObject(1, id);
      return read(query, BatchTable::batch).stream().findFirst();
    }
  }

  List<Batch> list(Set<String> sites, UUID after, int most) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(LIST)) {
      query.setObject(1, after);
      query.setArray(2, transaction.createArrayOf("text", sites.toArray()));
      query.setArray(3, transaction.createArrayOf("text", sites.toArray()));
      query.setInt(4, most);
      return read(query, BatchTable::batch);
    }
  }

  private static Batch batch(ResultSet row) throws SQLException {
    OffsetDateTime closed = row.getObject(18, OffsetDateTime.class);
    return new Batch(
        row.getObject(1, UUID.class),
        new WorkOrder(
            row.getString(2),
            row.getString(3),
            row.getString(4),
            row.getString(5),
            row.getString(6),
            row.getString(7),
            row.getString(8),
            row.getString(9),
            row.getString(10),
            row.getInt(11)),
        row.getObject(12, UUID.class),
        row.getInt(13),
        row.getInt(14),
        row.getLong(15),
        Batch.State.valueOf(row.getString(16)),
        row.getObject(17, OffsetDateTime.class).toInstant(),
        closed == null ? null : closed.toInstant(),
        digest(row.getBytes(19)),
        row.getInt(20));
  }

  static @Nullable Digest digest(byte @Nullable [] octets) {
    return octets == null ? null : Digest.ofOctets(octets);
  }

  /** Whether it takes rows, until the transaction ends. */
  boolean holdOpen(UUID batch) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(HOLD_OPEN)) {
      query.setObject(1, batch);
      return read(query, row -> row.getString(1)).equals(List.of("OPEN"));
    }
  }

  /** How many devices may still be registered; empty unless it takes rows. Nobody else registers meanwhile. */
  OptionalInt lockOpen(UUID batch) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(LOCK_OPEN)) {
      query.setObject(1, batch);
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getString(2).equals("OPEN")
            ? OptionalInt.of(row.getInt(1))
            : OptionalInt.empty();
      }
    }
  }

  void registered(UUID batch, int more) throws SQLException {
    count(REGISTERED, batch, more);
  }

  void issued(UUID batch, int count) throws SQLException {
    count(COUNT_ISSUED, batch, count);
  }

  void refused(UUID batch, long count) throws SQLException {
    count(COUNT_REFUSED, batch, count);
  }

  void givenUp(UUID batch, int count) throws SQLException {
    count(COUNT_GIVEN_UP, batch, count);
  }

  private void count(String sql, UUID batch, long more) throws SQLException {
    try (PreparedStatement count = transaction.prepareStatement(sql)) {
      count.setLong(1, more);
      count.setObject(2, batch);
      count.executeUpdate();
    }
  }

  void closing(UUID id) throws SQLException {
    try (PreparedStatement closing = transaction.prepareStatement(CLOSING)) {
      closing.setObject(1, id);
      closing.executeUpdate();
    }
  }

  Optional<Der> signature(UUID id) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(SIGNATURE)) {
      query.setObject(1, id);
      return read(query, row -> Der.of(row.getBytes(1))).stream().findFirst();
    }
  }

  boolean close(UUID id, Digest manifest, Der signature, Instant at) throws SQLException {
    try (PreparedStatement close = transaction.prepareStatement(CLOSE)) {
      close.setObject(1, time(at));
      close.setBytes(2, manifest.octets());
      close.setBytes(3, signature.octets());
      close.setObject(4, id);
      return close.executeUpdate() == 1;
    }
  }

  static OffsetDateTime time(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}

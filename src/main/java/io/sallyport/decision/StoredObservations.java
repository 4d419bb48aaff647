package io.sallyport.decision;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import jakarta.inject.Singleton;
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
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Observations in PostgreSQL. One node writes at a time, so that the bounds hold for all together. */
@Singleton
final class StoredObservations implements Observations, ObservationStore {
  private static final String LOCK = "lock table observation in share row exclusive mode";
  private static final String KNOWN = """
      select s.place, o.id from unnest(?, ?, ?, ?, ?, ?) with ordinality
        as s (document, profile, direction, protocol, peer, port, place)
      join observation o using (document, profile, direction, protocol, peer, port)""";
  private static final String BEGUN =
      "select first_device, count(*) from observation where first_device = any(?) group by 1";
  private static final String INSERT = """
      insert into observation (id, document, profile, direction, protocol, peer, port, reason, uses, first_at, last_at, first_device)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""";
  private static final String UPDATE = """
      update observation set reason = ?, uses = uses + ?, first_at = least(first_at, ?), last_at = greatest(last_at, ?)
      where id = ?""";
  private static final String DEVICES = """
      insert into observation_device (observation, device)
      select ?, device from unnest(?) device
      where (select count(*) from observation_device where observation = ?) < ?
      on conflict do nothing""";
  private static final String MISSED = """
      insert into observation_missed as m (document, uses, last_at) values (?, ?, ?)
      on conflict (document) do update set uses = m.uses + excluded.uses, last_at = greatest(m.last_at, excluded.last_at)""";
  private static final String SELECT = """
      select id, document, profile, reason, peer, protocol, port, direction, uses,
        (select count(*) from observation_device where observation = id), first_at, last_at
      from observation where (?::text is null or document = ?) and (?::text is null or profile = ?) and id > ?
      order by id limit ?""";
  private static final UUID BEFORE_ALL = new UUID(0, 0);

  private final DataSource database;
  private final Audit audit;
  private final Ids ids;

  StoredObservations(DataSource database, Audit audit, Ids ids) {
    this.database = database;
    this.audit = audit;
    this.ids = ids;
  }

  /** Work with the database. */
  private interface Work<T> {
    T with(Connection connection) throws SQLException;
  }

  private <T> T run(Work<T> work) {
    Callable<T> call = () -> {
      try (Connection connection = database.getConnection()) {
        return work.with(connection);
      } catch (SQLException e) {
        throw new IllegalStateException("observations could not be read or written", e);
      }
    };
    return QuarkusTransaction.joiningExisting().call(call);
  }

  @Override
  public void add(Collection<Seen> seen, Collection<Missed> missed) {
    QuarkusTransaction.requiringNew()
        .run(() -> run(connection -> {
          try (PreparedStatement lock = connection.prepareStatement(LOCK)) {
            lock.execute();
          }
          write(connection, List.copyOf(seen), new ArrayList<>(missed));
          return seen.size();
        }));
  }

  private void write(Connection connection, List<Seen> seen, List<Missed> missed)
      throws SQLException {
    Map<Integer, UUID> known = known(connection, seen);
    Map<UUID, Integer> begun = begun(connection, seen);
    Map<String, Integer> documents = documents(connection);
    int all = documents.values().stream().mapToInt(Integer::intValue).sum();
    try (PreparedStatement insert = connection.prepareStatement(INSERT);
        PreparedStatement update = connection.prepareStatement(UPDATE);
        PreparedStatement devices = connection.prepareStatement(DEVICES)) {
      for (int i = 0; i < seen.size(); i++) {
        Seen one = seen.get(i);
        UUID id = known.get(i);
        UUID first = one.devices().getFirst();
        if (id != null) {
          update.setString(1, one.reason());
          update.setLong(2, one.uses());
          update.setObject(3, one.first().atOffset(ZoneOffset.UTC));
          update.setObject(4, one.last().atOffset(ZoneOffset.UTC));
          update.setObject(5, id);
          update.addBatch();
        } else if (documents.getOrDefault(one.key().document(), 0) < MOST - all
            && begun.merge(first, 1, Integer::sum) <= MOST_OF_DEVICE) {
          documents.merge(one.key().document(), 1, Integer::sum);
          all++;
          id = ids.next();
          insert(insert, id, first, one);
        } else {
          missed.add(new Missed(one.key().document(), one.uses(), one.last()));
          continue;
        }
        devices.setObject(1, id);
        devices.setArray(2, connection.createArrayOf("uuid", one.devices().toArray()));
        devices.setObject(3, id);
        devices.setInt(4, MOST_DEVICES);
        devices.addBatch();
      }
      insert.executeBatch();
      update.executeBatch();
      devices.executeBatch();
    }
    missed(connection, missed);
  }

  private static void insert(PreparedStatement insert, UUID id, UUID first, Seen one)
      throws SQLException {
    RequestedFlow flow = one.key().flow();
    insert.setObject(1, id);
    insert.setString(2, one.key().document());
    insert.setString(3, one.key().profile());
    insert.setString(4, direction(flow));
    insert.setString(5, flow.protocol());
    insert.setString(6, flow.peer());
    insert.setInt(7, flow.port());
    insert.setString(8, one.reason());
    insert.setLong(9, one.uses());
    insert.setObject(10, one.first().atOffset(ZoneOffset.UTC));
    insert.setObject(11, one.last().atOffset(ZoneOffset.UTC));
    insert.setObject(12, first);
    insert.addBatch();
  }

  private static String direction(RequestedFlow flow) {
    return flow.direction() == Direction.FROM_DEVICE ? "from-device" : "to-device";
  }

  /** Ids of those that are there already, by their place in {@code seen}. */
  private static Map<Integer, UUID> known(Connection connection, List<Seen> seen)
      throws SQLException {
    Map<Integer, UUID> known = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(KNOWN)) {
      array(query, 1, "text", seen, one -> one.key().document());
      array(query, 2, "text", seen, one -> one.key().profile());
      array(query, 3, "text", seen, one -> direction(one.key().flow()));
      array(query, 4, "text", seen, one -> one.key().flow().protocol());
      array(query, 5, "text", seen, one -> one.key().flow().peer());
      array(query, 6, "integer", seen, one -> one.key().flow().port());
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          known.put((int) row.getLong(1) - 1, row.getObject(2, UUID.class));
        }
      }
    }
    return known;
  }

  private static void array(
      PreparedStatement query, int at, String type, List<Seen> seen, Function<Seen, Object> value)
      throws SQLException {
    query.setArray(
        at, query.getConnection().createArrayOf(type, seen.stream().map(value).toArray()));
  }

  private static Map<UUID, Integer> begun(Connection connection, List<Seen> seen)
      throws SQLException {
    Map<UUID, Integer> begun = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(BEGUN)) {
      array(query, 1, "uuid", seen, one -> one.devices().getFirst());
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          begun.put(row.getObject(1, UUID.class), row.getInt(2));
        }
      }
    }
    return begun;
  }

  /** How many of each there are. */
  private static Map<String, Integer> documents(Connection connection) throws SQLException {
    Map<String, Integer> documents = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(
            "select document, count(*) from observation group by document");
        ResultSet row = query.executeQuery()) {
      while (row.next()) {
        documents.put(row.getString(1), row.getInt(2));
      }
    }
    return documents;
  }

  private static void missed(Connection connection, List<Missed> missed) throws SQLException {
    // A batch becomes one statement, which may change no row twice.
    Map<String, Missed> byDocument = new TreeMap<>();
    missed.forEach(one -> byDocument.merge(one.document(), one, Missed::plus));
    try (PreparedStatement insert = connection.prepareStatement(MISSED)) {
      for (Missed one : byDocument.values()) {
        insert.setString(1, one.document());
        insert.setLong(2, one.uses());
        insert.setObject(3, one.last().atOffset(ZoneOffset.UTC));
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  @Override
  public Page<Observation> list(
      @Nullable String document, @Nullable String profile, @Nullable String cursor, int limit) {
    UUID after = cursor == null ? BEFORE_ALL : UUID.fromString(cursor);
    int most = Math.clamp(limit, 1, Page.MOST);
    return Page.cut(
        read(document, profile, after, most + 1),
        most,
        observation -> observation.id().toString());
  }

  @Override
  public List<Observation> all(String document, String profile) {
    return read(document, profile, BEFORE_ALL, MOST);
  }

  private List<Observation> read(
      @Nullable String document, @Nullable String profile, UUID after, int most) {
    return run(connection -> {
      try (PreparedStatement query = connection.prepareStatement(SELECT)) {
        query.setString(1, document);
        query.setString(2, document);
        query.setString(3, profile);
        query.setString(4, profile);
        query.setObject(5, after);
        query.setInt(6, most);
        List<Observation> found = new ArrayList<>();
        try (ResultSet row = query.executeQuery()) {
          while (row.next()) {
            found.add(observation(row));
          }
        }
        return found;
      }
    });
  }

  private static Observation observation(ResultSet row) throws SQLException {
    return new Observation(
        row.getObject(1, UUID.class),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        new RequestedFlow(
            row.getString(5),
            row.getString(6),
            row.getInt(7),
            row.getString(8).equals("from-device") ? Direction.FROM_DEVICE : Direction.TO_DEVICE),
        row.getLong(9),
        Math.min(row.getInt(10), MOST_DEVICES),
        instant(row, 11),
        instant(row, 12));
  }

  private static Instant instant(ResultSet row, int at) throws SQLException {
    return row.getObject(at, OffsetDateTime.class).toInstant();
  }

  @Override
  public List<Missed> missed() {
    return run(connection -> {
      try (PreparedStatement query = connection.prepareStatement(
              "select document, uses, last_at from observation_missed order by document limit 1000");
          ResultSet row = query.executeQuery()) {
        List<Missed> missed = new ArrayList<>();
        while (row.next()) {
          missed.add(new Missed(row.getString(1), row.getLong(2), instant(row, 3)));
        }
        return missed;
      }
    });
  }

  @Override
  public int forget(String document, Actor actor) {
    return QuarkusTransaction.requiringNew()
        .call(() -> run(connection -> {
          int gone = delete(connection, "delete from observation where document = ?", document);
          delete(connection, "delete from observation_missed where document = ?", document);
          audit.record(Fact.of("observations.forgotten", actor, "observations", document)
              .with("count", gone));
          return gone;
        }));
  }

  private static int delete(Connection connection, String sql, String document)
      throws SQLException {
    try (PreparedStatement delete = connection.prepareStatement(sql)) {
      delete.setString(1, document);
      return delete.executeUpdate();
    }
  }
}

package io.sallyport.decision;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.decision.DecisionRow.Keys;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.IcmpTypes;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Decisions in PostgreSQL. */
@Singleton
final class StoredDecisions implements DecisionStore {
  private static final String INSERT = """
      insert into decision
        (batch, line, id, at, asked_by, device, question, permit, reasons, policy_hash, appraisal, period, effect, cause,
          rule, peer, protocol, port, inputs)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """;
  private static final String INSERT_INPUTS =
      "insert into decision_inputs (hash, at, body, period) values (?, ?, ?, ?) on conflict do nothing";
  private static final String PERIODS =
      "select open_partition('decision'), open_partition('decision_inputs')";
  private static final String WRITTEN = "select from decision where batch = ? limit 1";

  private final DataSource database;
  private final Audit audit;
  private final KnownInputs known = new KnownInputs();

  StoredDecisions(DataSource database, Audit audit) {
    this.database = database;
    this.audit = audit;
  }

  @Override
  public void decisions(UUID batch, List<DecisionRow> rows) {
    Set<Digest> written = new HashSet<>();
    QuarkusTransaction.requiringNew().run(() -> {
      if (insert(batch, rows, written)) {
        audit.record(Fact.of("decisions.logged", Actor.SERVER, "decision-batch", batch)
            .with("count", rows.size())
            .with("sha-256", DecisionRow.digest(rows)));
      }
    });
    known.add(written);
  }

  @Override
  public void essential(List<EssentialUse> uses) {
    QuarkusTransaction.requiringNew()
        .run(() -> uses.forEach(use ->
            audit.record(Fact.of("decision.essential-used", Actor.SERVER, "device", use.device())
                .with("peer", use.flow().peer())
                .with("protocol", use.flow().protocol())
                .with("port", IcmpTypes.type(use.flow()).orElse("" + IcmpTypes.port(use.flow())))
                .with("owner", use.owner())
                .with("count", use.count())
                .with("first", use.first())
                .with("last", use.last()))));
  }

  /** Whether there was anything to write: an answer that was lost makes a batch come twice. */
  private boolean insert(UUID batch, List<DecisionRow> rows, Set<Digest> written) {
    try (Connection connection = database.getConnection()) {
      if (isWritten(connection, batch)) {
        return false;
      }
      LocalDate[] periods = periods(connection);
      lines(connection, batch, rows, periods[0]);
      inputs(connection, rows, periods[1], written);
      return true;
    } catch (SQLException e) {
      throw new IllegalStateException("decisions could not be written", e);
    }
  }

  private static boolean isWritten(Connection connection, UUID batch) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(WRITTEN)) {
      query.setObject(1, batch);
      try (ResultSet row = query.executeQuery()) {
        return row.next();
      }
    }
  }

  private static void lines(
      Connection connection, UUID batch, List<DecisionRow> rows, LocalDate period)
      throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
      for (int line = 0; line < rows.size(); line++) {
        DecisionRow row = rows.get(line);
        Keys keys = row.keys();
        insert.setObject(1, batch);
        insert.setInt(2, line);
        insert.setObject(3, row.id());
        insert.setObject(4, row.at().atOffset(ZoneOffset.UTC));
        insert.setString(5, row.askedBy());
        insert.setObject(6, row.device(), Types.OTHER);
        insert.setString(7, row.question());
        insert.setBoolean(8, row.permit());
        insert.setString(9, row.reasons());
        insert.setString(10, row.policyHash());
        insert.setObject(11, row.appraisal(), Types.OTHER);
        insert.setObject(12, period);
        insert.setString(13, keys.effect());
        insert.setString(14, keys.cause());
        insert.setString(15, keys.rule());
        insert.setString(16, keys.peer());
        insert.setString(17, keys.protocol());
        insert.setObject(18, keys.port(), Types.INTEGER);
        insert.setBytes(19, row.inputs() == null ? null : row.inputs().hash().octets());
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  /** In the order of their hashes, so that nodes that write the same ones do not wait for each other in a circle. */
  private void inputs(
      Connection connection, List<DecisionRow> rows, LocalDate period, Set<Digest> written)
      throws SQLException {
    SortedMap<String, DecisionRow> fresh = new TreeMap<>();
    for (DecisionRow row : rows) {
      Inputs inputs = row.inputs();
      if (inputs != null && !inputs.body().isEmpty() && known.add(period, inputs.hash(), written)) {
        fresh.put(inputs.hash().hex(), row);
      }
    }
    try (PreparedStatement insert = connection.prepareStatement(INSERT_INPUTS)) {
      for (DecisionRow row : fresh.values()) {
        Inputs inputs = Objects.requireNonNull(row.inputs());
        insert.setBytes(1, inputs.hash().octets());
        insert.setObject(2, row.at().atOffset(ZoneOffset.UTC));
        insert.setString(3, inputs.body());
        insert.setObject(4, period);
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  /** The newest partitions that have begun. */
  private static LocalDate[] periods(Connection connection) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(PERIODS);
        ResultSet row = query.executeQuery()) {
      row.next();
      return new LocalDate[] {row.getObject(1, LocalDate.class), row.getObject(2, LocalDate.class)};
    }
  }

  /** The hashes of inputs that are there already, of one partition. For one thread. */
  private static final class KnownInputs {
    /** What is forgotten is written again, in vain. */
    private static final int MOST = 65_536;

    private final Set<Digest> hashes = new HashSet<>();
    private @Nullable LocalDate period;

    /** Adds {@code hash} to {@code written}; whether it is new there and was not known for {@code current}. */
    boolean add(LocalDate current, Digest hash, Set<Digest> written) {
      if (!current.equals(period)) {
        hashes.clear();
        period = current;
      }
      return !hashes.contains(hash) && written.add(hash);
    }

    void add(Set<Digest> committed) {
      if (hashes.size() + committed.size() > MOST) {
        hashes.clear();
      }
      hashes.addAll(committed);
    }
  }
}

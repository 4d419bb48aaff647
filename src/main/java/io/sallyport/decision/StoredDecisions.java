package io.sallyport.decision;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;

/** Decisions in PostgreSQL. */
@Singleton
final class StoredDecisions implements DecisionStore {
  private static final String INSERT = """
      insert into decision
        (batch, line, id, at, asked_by, device, question, permit, reasons, policy_hash, appraisal, period)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """;
  private static final String PERIOD = "select open_partition('decision')";

  private final DataSource database;
  private final Audit audit;

  StoredDecisions(DataSource database, Audit audit) {
    this.database = database;
    this.audit = audit;
  }

  @Override
  public void decisions(UUID batch, List<DecisionRow> rows) {
    QuarkusTransaction.requiringNew().run(() -> {
      insert(batch, rows);
      audit.record(Fact.of("decisions.logged", Actor.SERVER, "decision-batch", batch)
          .with("count", rows.size())
          .with("sha-256", DecisionRow.digest(rows)));
    });
  }

  @Override
  public void essential(List<EssentialUse> uses) {
    QuarkusTransaction.requiringNew()
        .run(() -> uses.forEach(use ->
            audit.record(Fact.of("decision.essential-used", Actor.SERVER, "device", use.device())
                .with("peer", use.flow().peer())
                .with("protocol", use.flow().protocol())
                .with("port", use.flow().port())
                .with("owner", use.owner())
                .with("count", use.count())
                .with("first", use.first())
                .with("last", use.last()))));
  }

  private void insert(UUID batch, List<DecisionRow> rows) {
    try (Connection connection = database.getConnection();
        PreparedStatement insert = connection.prepareStatement(INSERT)) {
      LocalDate period = period(connection);
      for (int line = 0; line < rows.size(); line++) {
        DecisionRow row = rows.get(line);
        insert.setObject(1, batch);
        insert.setInt(2, line);
        insert.setObject(3, row.id());
        insert.setObject(4, row.at().atOffset(ZoneOffset.UTC));
        insert.setString(5, row.askedBy());
        insert.setObject(6, row.device(), java.sql.Types.OTHER);
        insert.setString(7, row.question());
        insert.setBoolean(8, row.permit());
        insert.setString(9, row.reasons());
        insert.setString(10, row.policyHash());
        insert.setObject(11, row.appraisal(), java.sql.Types.OTHER);
        insert.setObject(12, period);
        insert.addBatch();
      }
      insert.executeBatch();
    } catch (SQLException e) {
      throw new IllegalStateException("decisions could not be written", e);
    }
  }

  /** The newest partition that has begun. */
  private static LocalDate period(Connection connection) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(PERIOD);
        ResultSet row = query.executeQuery()) {
      row.next();
      return row.getObject(1, LocalDate.class);
    }
  }
}

package io.sallyport.retention;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.audit.LogCoverage;
import io.sallyport.kernel.Actor;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Retention as it stands in the database. */
@ApplicationScoped
class StoredRetention implements Retention {
  private static final String STATE = """
      select steady_since, held_since, held_by, held_because from retention_state where id = 1""";
  static final String HOLD = """
      update retention_state set held_since = ?, held_by = ?, held_because = ? where id = 1 and held_since is null""";
  private static final String LIFT = """
      update retention_state set held_since = null, held_by = null, held_because = null
      where id = 1 and held_since is not null""";
  private static final String GONE = """
      select detached_at, term from time_partition
      where parent = ? and starts <= ? and ends > ? and detached_at is not null""";

  private final DataSource database;
  private final RetentionSettings settings;
  private final Audit audit;
  private final Clock clock;

  StoredRetention(DataSource database, RetentionSettings settings, Audit audit, Clock clock) {
    this.database = database;
    this.settings = settings;
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  public Standing standing() {
    return reading(this::standing);
  }

  private Standing standing(Connection connection) throws SQLException {
    PartitionTable table = new PartitionTable(connection);
    List<Term> terms = new ArrayList<>();
    for (RecordKind kind : RecordKind.values()) {
      List<Partition> all = table.all(kind);
      List<Partition> kept = all.stream().filter(one -> one.detached() == null).toList();
      if (!kept.isEmpty()) {
        terms.add(new Term(
            kind,
            settings.term(kind),
            finite(kept.getFirst().begin()),
            finite(kept.getLast().end()),
            kept.size(),
            all.size() - kept.size()));
      }
    }
    try (PreparedStatement state = connection.prepareStatement(STATE);
        ResultSet row = state.executeQuery()) {
      row.next();
      Instant since = instant(row, 2);
      Hold hold = since == null ? null : new Hold(since, row.getString(3), row.getString(4));
      if (hold == null && settings.hold()) {
        hold = new Hold(null, null, "The settings of this node say so (sallyport.retention.hold).");
      }
      return new Standing(terms, hold, instant(row, 1));
    }
  }

  @Override
  public List<Planned> plan(LocalDate by) {
    return reading(connection -> {
      PartitionTable table = new PartitionTable(connection);
      LogCoverage coverage = LogCoverage.read(connection);
      Instant now = clock.instant();
      List<Planned> planned = new ArrayList<>();
      for (RecordKind kind : RecordKind.values()) {
        for (Partition one : table.all(kind)) {
          LocalDate goes = one.goes(settings.term(kind));
          if (one.detached() == null && !goes.isAfter(by)) {
            long[] size = table.size(one);
            planned.add(new Planned(
                kind,
                one.name(),
                finite(one.begin()),
                one.end(),
                goes,
                size[0],
                size[1],
                one.announced(),
                RetentionStep.obstacle(table, coverage, one, settings.term(kind), now)));
          }
        }
      }
      planned.sort(Comparator.comparing(Planned::goes).thenComparing(Planned::name));
      return planned;
    });
  }

  @Override
  @Transactional
  public Standing hold(String reason, Actor actor) {
    return reading(connection -> {
      try (PreparedStatement hold = connection.prepareStatement(HOLD)) {
        hold.setObject(1, clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC));
        hold.setString(2, actor.toString());
        hold.setString(3, reason);
        if (hold.executeUpdate() == 1) {
          audit.record(Fact.of("retention.held", actor, "retention", "all").with("reason", reason));
        }
      }
      return standing(connection);
    });
  }

  @Override
  @Transactional
  public Standing lift(Actor actor) {
    return reading(connection -> {
      try (PreparedStatement lift = connection.prepareStatement(LIFT)) {
        if (lift.executeUpdate() == 1) {
          audit.record(Fact.of("retention.lifted", actor, "retention", "all"));
        }
      }
      return standing(connection);
    });
  }

  @Override
  public Optional<Gone> goneCertificates(LocalDate day) {
    return reading(connection -> {
      try (PreparedStatement gone = connection.prepareStatement(GONE)) {
        gone.setString(1, RecordKind.CERTIFICATES.table());
        gone.setObject(2, day);
        gone.setObject(3, day);
        try (ResultSet row = gone.executeQuery()) {
          Instant at = row.next() ? instant(row, 1) : null;
          return at == null ? Optional.empty() : Optional.of(new Gone(at, row.getString(2)));
        }
      }
    });
  }

  private static @Nullable LocalDate finite(LocalDate day) {
    return day.equals(LocalDate.MIN) || day.equals(LocalDate.MAX) ? null : day;
  }

  private static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
    OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
    return at == null ? null : at.toInstant();
  }

  private <T> T reading(Reading<T> reading) {
    try (Connection connection = database.getConnection()) {
      return reading.read(connection);
    } catch (SQLException e) {
      throw new IllegalStateException("what is kept how long cannot be read", e);
    }
  }

  /** What is read over one connection. */
  private interface Reading<T> {
    T read(Connection connection) throws SQLException;
  }
}

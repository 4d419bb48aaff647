package io.sallyport.pki;

import io.sallyport.audit.Audit;
import io.sallyport.events.Nodes;
import io.sallyport.pki.UnfinishedSerials.Closed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/** What {@link IssuanceStore} recorded and nobody finished. */
@ApplicationScoped
class UnfinishedIssuance {
  private final DataSource database;
  private final Audit audit;
  private final Nodes nodes;
  private final Clock clock;

  UnfinishedIssuance(DataSource database, Audit audit, Nodes nodes, Clock clock) {
    this.database = database;
    this.audit = audit;
    this.nodes = nodes;
    this.clock = clock;
  }

  /** The processes that prepared what is unfinished and have died. */
  @Transactional
  Set<UUID> dead() {
    try (Connection connection = database.getConnection()) {
      return new IssuanceTable(connection)
          .preparedBy().stream()
              .filter(life -> !nodes.isAlive(life))
              .collect(Collectors.toUnmodifiableSet());
    } catch (SQLException e) {
      throw new IllegalStateException("unfinished serials could not be read", e);
    }
  }

  /**
   * Closes what a crash left: recorded, never handed out, published revoked. Answers how many.
   *
   * @param dead processes of which nothing is waited for
   */
  @Transactional
  int close(Instant preparedBefore, Set<UUID> dead) {
    try (Connection connection = database.getConnection()) {
      List<Closed> closed = new IssuanceTable(connection)
          .closeOld(preparedBefore, dead, clock.instant().truncatedTo(ChronoUnit.MICROS));
      audit.recordAll(closed.stream().map(Closed::fact).toList());
      return closed.size();
    } catch (SQLException e) {
      throw new IllegalStateException("unfinished serials could not be closed", e);
    }
  }
}

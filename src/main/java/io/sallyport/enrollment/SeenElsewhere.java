package io.sallyport.enrollment;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.enrollment.Sightings.Sighting;
import io.sallyport.events.Nodes;
import io.sallyport.kernel.Digest;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Tells the other nodes from where this one saw certificates, and it from where they did, so that the two halves of a pair of
 * clones that a balancer keeps apart meet. Some rows every five seconds while there are several nodes; nothing while there is
 * one. What is lost with the database's memory or through an outage is not told again.
 */
@Singleton
final class SeenElsewhere {
  private static final Logger LOG = Logger.getLogger(SeenElsewhere.class);
  private static final int EVERY_SECONDS = 5;
  private static final int MOST_READ = 10_000;

  private static final String TELL = """
      insert into certificate_place (certificate, node, device, place, seen_at, written_at)
      select certificate, ?::uuid, device::uuid, place, seen_at, now()
      from unnest(?, ?, ?, ?) as told (certificate, device, place, seen_at)
      on conflict (certificate, node) do update
      set device = excluded.device, place = excluded.place, seen_at = excluded.seen_at, written_at = excluded.written_at""";
  /** What is committed late is read a second time, which does no harm. */
  private static final String READ = """
      select certificate, device, place, seen_at, now() from certificate_place
      where written_at > coalesce(?, now()) - interval '15 seconds' and node <> ?::uuid
      order by written_at limit ?""";

  private static final String FORGET =
      "delete from certificate_place where written_at < now() - interval '1 hour'";

  private final Sightings sightings;
  private final Nodes nodes;
  private final DataSource database;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("sightings").factory());
  private @Nullable OffsetDateTime readUntil;
  private boolean failing;

  SeenElsewhere(Sightings sightings, Nodes nodes, DataSource database) {
    this.sightings = sightings;
    this.nodes = nodes;
    this.database = database;
  }

  void start(@Observes StartupEvent event) {
    timer.scheduleWithFixedDelay(this::exchange, EVERY_SECONDS, EVERY_SECONDS, TimeUnit.SECONDS);
  }

  void stop(@Observes ShutdownEvent event) {
    timer.shutdownNow();
  }

  private void exchange() {
    List<Sighting> untold = sightings.untold();
    try {
      if (!nodes.isAlone()) {
        tell(untold);
        read().forEach(sightings::usedElsewhere);
      }
      failing = false;
    } catch (SQLException | RuntimeException e) {
      if (!failing) {
        LOG.warnf("Where certificates were used is not told to other nodes: %s", e.getMessage());
      }
      failing = true;
    }
  }

  private void tell(List<Sighting> untold) throws SQLException {
    // One certificate is on one row.
    Map<Digest, Sighting> last = new HashMap<>();
    untold.forEach(one -> last.put(one.certificate(), one));
    try (Connection connection = database.getConnection();
        PreparedStatement forget = connection.prepareStatement(FORGET);
        PreparedStatement tell = connection.prepareStatement(TELL)) {
      forget.executeUpdate();
      if (last.isEmpty()) {
        return;
      }
      List<Sighting> all = List.copyOf(last.values());
      tell.setString(1, nodes.here().toString());
      tell.setArray(
          2,
          connection.createArrayOf(
              "text", all.stream().map(one -> one.certificate().hex()).toArray()));
      tell.setArray(
          3,
          connection.createArrayOf(
              "text", all.stream().map(one -> one.device().toString()).toArray()));
      tell.setArray(
          4, connection.createArrayOf("text", all.stream().map(Sighting::place).toArray()));
      tell.setArray(
          5,
          connection.createArrayOf(
              "timestamptz",
              all.stream().map(one -> one.at().atOffset(ZoneOffset.UTC)).toArray()));
      tell.executeUpdate();
    }
  }

  private List<Sighting> read() throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(READ)) {
      query.setObject(1, readUntil, Types.TIMESTAMP_WITH_TIMEZONE);
      query.setString(2, nodes.here().toString());
      query.setInt(3, MOST_READ);
      List<Sighting> read = new ArrayList<>();
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          read.add(new Sighting(
              Digest.ofHex(rows.getString(1)),
              rows.getObject(2, UUID.class),
              rows.getString(3),
              rows.getObject(4, OffsetDateTime.class).toInstant()));
          readUntil = rows.getObject(5, OffsetDateTime.class);
        }
      }
      return read;
    }
  }
}

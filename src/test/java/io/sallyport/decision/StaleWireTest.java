package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.MerkleLeaf;
import io.sallyport.testing.Database;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Flow;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Laws 5 and 6 on the running server: what another node commits, with the change feed and without it. */
@QuarkusTest
class StaleWireTest extends ServerTest {
  /** L, as it is set when nobody sets it. */
  private static final Duration BOUND = Duration.ofSeconds(5);

  private static final Flow TIME = new Flow("ntp.plant.example", "udp", 123);

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "stale");
      plant.policySpec("""
          posture:
            executables: {tier: warning, assurance: signed-software}
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
            - {peer: ntp.plant.example, protocol: udp, ports: [123], essential: {owner: ops@plant, longest: PT4H}}
          """);
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  @Test
  void whatAnotherNodeCommitsIsDeniedHereWithinTheBound() throws SQLException {
    Unit camera = plant.attested("T-1");
    assertTrue(camera.may(Plant.VIDEO));

    long committed;
    try (Connection node = Database.connect()) {
      quarantine(node, camera.id());
      node.commit();
      committed = System.nanoTime();
    }

    Patience.untilTrue("a deny", () -> !camera.may(Plant.VIDEO));
    assertTrue(System.nanoTime() - committed < BOUND.toNanos(), "denied after the bound only");
    assertEquals("state: the device is quarantined", reason(camera.decision(Plant.VIDEO)));
  }

  @Test
  void withoutTheChangeFeedNothingIsPermittedAfterTheBoundButWhatIsEssential() throws Exception {
    Unit camera = plant.attested("T-2");
    Unit steady = plant.attested("T-3");
    Unit cutOff = plant.attested("T-4");
    cutOff.become("quarantine").expect(200);
    assertTrue(camera.may(Plant.VIDEO));

    try (Connection node = Database.connect();
        Connection outage = Database.connect();
        ExecutorService other = Executors.newVirtualThreadPerTaskExecutor()) {
      quarantine(node, camera.id());
      // Stands in line behind the other node, and everybody who reads the feed behind it.
      Future<Boolean> locked = other.submit(() -> {
        try (Statement lock = outage.createStatement()) {
          return lock.execute("lock table fact_waiting in access exclusive mode");
        }
      });
      Patience.untilTrue("the lock in line", () -> locksInLine() > 0);
      node.commit();
      long committed = System.nanoTime();
      locked.get();

      long lastPermit = Long.MIN_VALUE;
      while (System.nanoTime() - committed < BOUND.plusMillis(1500).toNanos()) {
        long asked = System.nanoTime();
        if (camera.may(Plant.VIDEO)) {
          lastPermit = asked - committed;
        }
      }

      assertTrue(
          lastPermit < BOUND.toNanos(),
          "permitted " + lastPermit / 1_000_000 + " ms after the commit");
      assertTrue(reason(camera.decision(Plant.VIDEO)).startsWith("stale"));
      assertFalse(
          steady.may(Plant.VIDEO), "a flow that is not essential is permitted by a stale node");
      JsonNode essential = steady.decision(TIME);
      assertTrue(
          essential.get("decision").asBoolean(), "an essential flow lost its permit: " + essential);
      assertTrue(reason(essential).contains("ops@plant"), essential.toString());
      assertFalse(
          cutOff.may(TIME), "an essential flow came back to a device that was cut off before");
      assertFalse(
          steady.may(new Flow("ntp.plant.example", "udp", 124)), "an error became a new permit");
      outage.rollback();
    }

    Patience.untilTrue("the feed again", () -> steady.may(Plant.VIDEO));
    assertEquals("state: the device is quarantined", reason(camera.decision(Plant.VIDEO)));
    JsonNode alarm = plant.fact(steady.id(), "decision.essential-used");
    assertEquals("ops@plant", alarm.at("/detail/owner").asText());
    assertEquals("ntp.plant.example", alarm.at("/detail/peer").asText());
  }

  private static String reason(JsonNode decision) {
    return decision.at("/context/reasons/0").asText();
  }

  /** As another server over the same database does it: the change and its fact, without this process hearing of it. */
  private static void quarantine(Connection node, String device) throws SQLException {
    try (PreparedStatement change = node.prepareStatement(
            "update device set state = 'QUARANTINED' where id = ? and state = 'ACTIVE'");
        PreparedStatement insert = node.prepareStatement(
            "insert into fact_waiting (id, at, kind, actor, subject_type, subject, detail, leaf) values (?, ?, ?, ?, ?, ?, ?, ?)")) {
      change.setObject(1, UUID.fromString(device));
      assertEquals(1, change.executeUpdate());
      UUID id = UUID.randomUUID();
      Instant at = Instant.now().truncatedTo(ChronoUnit.MICROS);
      MerkleLeaf leaf = MerkleLeaf.of(
          id, at, "device.quarantined", "operator:other-node", "device", device, Map.of());
      insert.setObject(1, id);
      insert.setObject(2, at.atOffset(ZoneOffset.UTC));
      insert.setString(3, "device.quarantined");
      insert.setString(4, "operator:other-node");
      insert.setString(5, "device");
      insert.setString(6, device);
      insert.setString(7, "{}");
      insert.setBytes(8, leaf.octets());
      insert.executeUpdate();
    }
  }

  private static int locksInLine() {
    try (Connection connection = Database.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(
            "select count(*) from pg_locks"
                + " where relation = 'fact_waiting'::regclass and mode = 'AccessExclusiveLock' and not granted")) {
      row.next();
      return row.getInt(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}

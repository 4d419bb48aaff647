package io.sallyport.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay.Effect;
import io.sallyport.kernel.Der;
import io.sallyport.testing.Database;
import io.sallyport.testing.LostFact;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki.Manufacturer;
import jakarta.inject.Inject;
import java.security.cert.CertificateEncodingException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Anchors that were shut or removed admit nobody after a restore either (law 9). */
@QuarkusTest
class AnchorReplayTest extends ServerTest {
  @Inject
  AnchorReplay anchors;

  @Test
  void anAnchorThatWasShutIsShut() throws Exception {
    try (Plant plant = Plant.open(wire, "anchor-replay-shut")) {
      Unit unit = plant.registered("AR-1");
      String digest = digest(plant.manufacturer());
      plant
          .person("POST", path(plant, digest) + "/distrust", Map.of("reason", "stolen"))
          .expect(200);
      LogEntry lost =
          LostFact.of(plant.fact(plant.manufacturer().name(), "manufacturer.anchor-distrusted"));
      LostFact.restore(
          "update trust_anchor set distrusted_at = null, distrusted_key = null, distrust_reason = null where digest = ?",
          digest);
      assertEquals(200, unit.enrollAgain().status());

      assertEquals(Effect.DONE, LostFact.replay(anchors, lost));
      assertEquals(Effect.NONE, LostFact.replay(anchors, lost));

      assertEquals(403, unit.enrollAgain().status());
      assertEquals(
          Effect.BY_HAND, LostFact.replay(anchors, LostFact.with(lost, "key", "no digits")));
    }
  }

  @Test
  void anAnchorThatWasRemovedIsGone() throws Exception {
    try (Plant plant = Plant.open(wire, "anchor-replay-removed");
        Connection connection = Database.connect()) {
      Unit unit = plant.registered("AR-2");
      String digest = digest(plant.manufacturer());
      try (PreparedStatement keep = connection.prepareStatement(
          "create temporary table kept_anchor as select * from trust_anchor where digest = '"
              + digest + "'")) {
        keep.execute();
      }
      connection.commit();
      plant.person("DELETE", path(plant, digest), null).expect(200);
      LogEntry lost =
          LostFact.of(plant.fact(plant.manufacturer().name(), "manufacturer.anchor-removed"));
      try (PreparedStatement restore =
          connection.prepareStatement("insert into trust_anchor select * from kept_anchor")) {
        assertEquals(1, restore.executeUpdate());
      }
      connection.commit();
      assertEquals(200, unit.enrollAgain().status());

      assertEquals(Effect.DONE, LostFact.replay(anchors, lost));
      assertEquals(Effect.NONE, LostFact.replay(anchors, lost));

      assertEquals(401, unit.enrollAgain().status());
    }
  }

  @Test
  void otherTermsAreForAPersonToSayAgain() throws Exception {
    try (Plant plant = Plant.open(wire, "anchor-replay-terms")) {
      plant
          .person("PUT", path(plant, digest(plant.manufacturer())), Map.of("lists_required", true))
          .expect(200);

      assertEquals(
          Effect.BY_HAND,
          LostFact.replay(
              anchors,
              LostFact.of(plant.fact(plant.manufacturer().name(), "manufacturer.anchor-changed"))));
      assertEquals(
          Effect.NONE,
          LostFact.replay(
              anchors, LostFact.of(plant.fact(plant.manufacturer().name(), "manufacturer.added"))));
    }
  }

  private static String digest(Manufacturer manufacturer) throws CertificateEncodingException {
    return Der.of(manufacturer.authority().certificate().getEncoded()).digest().hex();
  }

  private static String path(Plant plant, String digest) {
    return "/api/v1/manufacturers/" + plant.manufacturer().name().replace(" ", "%20") + "/anchors/"
        + digest;
  }
}

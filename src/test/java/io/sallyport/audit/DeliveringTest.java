package io.sallyport.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.CheckpointDeliveries.Delivery;
import io.sallyport.testing.OpenMarks;
import io.sallyport.testing.Patience;
import io.sallyport.testing.StrictWitness;
import io.sallyport.testing.StrictWitness.Manner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes that deliver the same log to the same places. */
class DeliveringTest {
  private static final TestSigner SIGNER = new TestSigner("test.example/log");

  private record Settings(
      Optional<String> checkpointFile,
      Optional<List<String>> witnessUrl,
      Optional<List<String>> witnessKey,
      StoreSettings store)
      implements AuditSettings {
    @Override
    public String origin() {
      return "test.example/log";
    }

    @Override
    public Optional<String> witnessTrustFile() {
      return Optional.empty();
    }

    @Override
    public Duration deliverEvery() {
      return Duration.ofMillis(1);
    }
  }

  @Test
  void oneNodeDeliversAndTheOtherGoesOn(@TempDir Path folder, @TempDir Path mount)
      throws Exception {
    Path file = mount.resolve("checkpoints");
    try (LogDatabase database = LogDatabase.start(folder);
        StrictWitness witness = new StrictWitness("witness.example/w1", SIGNER.key());
        StrictWitness second = new StrictWitness("witness.example/w2", SIGNER.key())) {
      Settings settings = new Settings(
          Optional.of(file.toString()),
          Optional.of(List.of(witness.url(), second.url())),
          Optional.of(List.of(witness.vkey(), second.vkey())),
          new TestStore("", Optional.empty(), Duration.ofDays(1)));
      Delivering one = new Delivering(database.dataSource(), SIGNER, settings, Clock.systemUTC());
      Delivering other = new Delivering(database.dataSource(), SIGNER, settings, Clock.systemUTC());
      assertEquals(
          List.of(
              new Delivery("file", file.toString(), 0, null, null, null),
              new Delivery("witness", witness.vkey(), 0, null, null, null),
              new Delivery("witness", second.vkey(), 0, null, null, null)),
          one.deliveries());
      sealed(database, 300);
      assertNotNull(one.deliveries().getFirst().waitingSince(), "nobody delivers yet");
      witness.become(Manner.SILENT);
      one.start(new StartupEvent());
      other.start(new StartupEvent());
      try {
        // The witness says nothing, and the file gets its checkpoint all the same.
        delivered(database, "file:" + file, 300);
        delivered(database, "witness:" + second.vkey(), 300);
        witness.become(Manner.STRICT);
        delivered(database, "witness:" + witness.vkey(), 300);
        sealed(database, 5);
        delivered(database, "file:" + file, 305);
        delivered(database, "witness:" + witness.vkey(), 305);
        one.stop(new ShutdownEvent());
        sealed(database, 7);
        delivered(database, "file:" + file, 312);
        delivered(database, "witness:" + witness.vkey(), 312);
        delivered(database, "witness:" + second.vkey(), 312);
      } finally {
        one.stop(new ShutdownEvent());
        other.stop(new ShutdownEvent());
      }
      List<Delivery> now = other.deliveries();
      now.forEach(delivery -> {
        assertNull(delivery.waitingSince());
        assertNull(delivery.complaint());
        assertEquals(312, delivery.size());
      });
      SealedLog log = new SealedLog(database.dataSource());
      StringBuilder notes = new StringBuilder();
      log.checkpoints(0, 10)
          .items()
          .forEach(checkpoint -> notes.append(checkpoint
              .note()
              .lines()
              .filter(line -> !line.startsWith("— witness"))
              .map(line -> line + "\n")
              .reduce("", String::concat)));
      assertEquals(notes.toString(), Files.readString(file));
      assertTrue(
          witness.signed().containsAll(List.of(300L, 305L, 312L)), witness.signed()::toString);
    }
  }

  private static void delivered(LogDatabase database, String place, long size) {
    Patience.untilTrue(place + " has " + size, () -> {
      try {
        return database
            .column("select size from checkpoint_delivery where complaint is null and place = '"
                + place + "'")
            .equals(List.of(Long.toString(size)));
      } catch (SQLException e) {
        throw new AssertionError(e);
      }
    });
  }

  private static void sealed(LogDatabase database, int more) throws SQLException {
    database.numbered(more);
    Sealer sealer = new Sealer(SIGNER, Clock.systemUTC(), new OpenMarks());
    try (JobLease lease = new JobLease(database.dataSource(), Sealer.JOB, "test")) {
      assertTrue(lease.take());
      sealer.run(lease);
    }
  }
}

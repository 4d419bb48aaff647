package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sallyport.decision.DecisionRow.Keys;
import io.sallyport.kernel.Ids;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpillTest {
  private static final long ROOMY = 1 << 20;

  @TempDir
  Path folder;

  @Test
  void givesBackWhatWentInInItsOrderAlsoAfterItWasLeft() throws IOException {
    List<SpilledBatch> batches =
        Stream.iterate(0, i -> i + 1).limit(20).map(SpillTest::batch).toList();
    try (Spill spill = Spill.open(folder, ROOMY, 2000)) {
      for (SpilledBatch batch : batches) {
        assertTrue(spill.append(batch));
      }
      assertEquals(batches.get(0), spill.first());
      spill.removeFirst();
      assertEquals(batches.get(1), spill.first());
    }
    try (Spill spill = Spill.open(folder, ROOMY, 2000)) {
      List<SpilledBatch> read = drained(spill);
      // What was taken out of a file that is still there comes again; the database knows it by its
      // id.
      assertEquals(batches.subList(batches.size() - read.size(), batches.size()), read);
      assertTrue(read.size() >= 18 && spill.isEmpty() && spill.octets() == 0);
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(folder.resolve("lock")), left.toList());
    }
  }

  @Test
  void leavesOutWhatACrashToreOffWhereverItDid() throws IOException {
    List<SpilledBatch> batches = List.of(batch(0), batch(1), batch(2));
    try (Spill spill = Spill.open(folder, ROOMY, ROOMY)) {
      for (SpilledBatch batch : batches) {
        spill.append(batch);
      }
    }
    Path file = onlyFile();
    Path whole = Files.copy(file, folder.resolve("whole"));
    long length = Files.size(file);
    long two = length - 8 - batches.get(2).octets().length;
    for (long cut = two; cut < length; cut++) {
      Files.copy(whole, file, StandardCopyOption.REPLACE_EXISTING);
      try (RandomAccessFile torn = new RandomAccessFile(file.toFile(), "rw")) {
        torn.setLength(cut);
      }
      assertReads(batches.subList(0, 2));
    }
    for (long wrong = two; wrong < length; wrong++) {
      Files.copy(whole, file, StandardCopyOption.REPLACE_EXISTING);
      try (RandomAccessFile torn = new RandomAccessFile(file.toFile(), "rw")) {
        torn.seek(wrong);
        int octet = torn.read();
        torn.seek(wrong);
        torn.write(octet ^ 1);
      }
      assertReads(batches.subList(0, 2));
    }
    Files.copy(whole, file, StandardCopyOption.REPLACE_EXISTING);
    assertReads(batches);
  }

  private void assertReads(List<SpilledBatch> expected) throws IOException {
    try (Spill spill = Spill.open(folder, ROOMY, ROOMY)) {
      assertEquals(expected, drained(spill));
      // What comes after a torn end stands in a file of its own.
      assertTrue(spill.append(batch(9)));
      assertEquals(List.of(batch(9)), drained(spill));
    }
  }

  @Test
  void takesNoMoreThanItsBoundAndAgainWhenItWasEmptied() throws IOException {
    try (Spill spill = Spill.open(folder, 3000, 1000)) {
      int taken = 0;
      while (spill.append(batch(taken))) {
        taken++;
      }
      assertFalse(spill.hasRoom());
      assertTrue(
          spill.octets() >= 3000 && spill.octets() < 3000 + 8 + batch(0).octets().length + 9);
      assertEquals(taken, drained(spill).size());
      assertTrue(spill.append(batch(0)));
    }
  }

  @Test
  void whatCannotBeReadIsSetAsideAndHoldsUpNothing() throws IOException {
    try (Spill spill = Spill.open(folder, ROOMY, 1)) {
      for (int number = 0; number < 3; number++) {
        spill.append(batch(number));
      }
      Path oldest = folder.resolve("000000000001.spill");
      Files.delete(oldest);
      Files.createDirectory(oldest);
      // Something of the moment may be the cause, so it is not given up at once.
      for (int i = 1; i < 20; i++) {
        assertThrows(IOException.class, spill::first);
      }
      assertEquals(0, spill.unread());
      assertEquals(List.of(batch(1), batch(2)), drained(spill));
      assertEquals(1, spill.unread());
      assertTrue(Files.exists(folder.resolve("000000000001.spill.unread")));
      assertTrue(spill.append(batch(3)));
      assertEquals(List.of(batch(3)), drained(spill));
    }
  }

  @Test
  void whatIsTooLargeToBeReadBackGoesInInParts() throws IOException {
    SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    DecisionSettings settings = TestDecisionSettings.spilling(folder, 100);
    SpilledDecisions spilled = new SpilledDecisions(
        settings,
        new Ids(Clock.systemUTC(), new SecureRandom()),
        metrics.counter("sallyport.decisions.dropped"),
        metrics);
    spilled.open(true);
    List<DecisionRow> rows = IntStream.range(0, 700)
        .mapToObj(number -> row(
            number, "x", null, null, Inputs.of(number + "x".repeat(Inputs.MOST_CHARACTERS - 9))))
        .toList();
    assertFalse(spilled.keep(new SpilledBatch(new UUID(1, 1), rows)), "one id, one batch");
    spilled.add(new SpilledBatch(new UUID(1, 2), rows));
    List<DecisionRow> back = new ArrayList<>();
    for (SpilledBatch next = spilled.first(); next != null; next = spilled.first()) {
      back.addAll(next.rows());
      spilled.removeFirst();
    }
    assertEquals(rows, back);
    assertEquals(700, metrics.counter("sallyport.decisions.spilled").count());
    assertEquals(0, metrics.counter("sallyport.decisions.dropped").count());
    spilled.close();
  }

  @Test
  void isForOneProcess() throws IOException {
    try (Spill spill = Spill.open(folder, ROOMY, ROOMY)) {
      assertNull(spill.first());
      IOException refused =
          assertThrows(IOException.class, () -> Spill.open(folder, ROOMY, ROOMY).close());
      assertTrue(refused.toString().contains("give each node its own"), refused::toString);
    }
  }

  private Path onlyFile() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".spill"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static List<SpilledBatch> drained(Spill spill) throws IOException {
    List<SpilledBatch> read = new ArrayList<>();
    for (SpilledBatch next = spill.first(); next != null; next = spill.first()) {
      read.add(next);
      spill.removeFirst();
    }
    return read;
  }

  private static SpilledBatch batch(int number) {
    Inputs inputs = Inputs.of("{\"v\":1,\"n\":" + number + "}");
    return new SpilledBatch(
        new UUID(1, number),
        List.of(
            row(number, "a\\u0000\"", null, null, inputs),
            row(number, "", new UUID(7, number), 8554, inputs),
            row(number, "x", null, 0, null)));
  }

  private static DecisionRow row(
      int number,
      String text,
      @Nullable UUID device,
      @Nullable Integer port,
      @Nullable Inputs inputs) {
    return new DecisionRow(
        new UUID(2, number),
        Instant.parse("2026-11-22T10:00:00.000001Z"),
        "server:" + text,
        device,
        "{}",
        device != null,
        "[\"" + text + "\"]",
        "hash",
        device,
        new Keys("deny", "policy x", text, null, "tcp", port),
        inputs);
  }
}

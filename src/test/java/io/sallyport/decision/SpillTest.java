package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.decision.DecisionRow.Keys;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
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

package io.sallyport.marks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file is read back as it was written, or not at all. */
class MarkFileTest {
  private static final Mark MARK = new Mark(
      new UUID(1, 2),
      new UUID(3, 4),
      77,
      Digest.of(new byte[] {1}),
      Map.of("crl/devices", 12L, "epochs", 30L, "losses", 0L),
      Instant.parse("2031-05-06T07:08:09.123456Z"));

  @TempDir
  Path folder;

  @Test
  void isReadBackAsItWasWritten() {
    MarkFile file = new MarkFile(folder.resolve("new/marks"));
    assertEquals(Optional.empty(), file.read());
    assertEquals(MARK, file.change(MARK, mark -> mark));
    assertEquals(Optional.of(MARK), file.read());
  }

  @Test
  void everyAlteredOctetIsFound() throws IOException {
    byte[] whole = MARK.text().getBytes(StandardCharsets.ISO_8859_1);
    MarkFile file = new MarkFile(folder);
    for (int i = 0; i < whole.length; i++) {
      byte[] altered = whole.clone();
      altered[i] ^= 1;
      Files.write(file.path(), altered);
      Refusal refusal = assertThrows(Refusal.class, file::read, "octet " + i);
      assertEquals(MarksProblem.MARKS, refusal.problem());
      assertTrue(refusal.detail().contains("move the file away"), refusal.detail());
    }
  }

  @Test
  void everyBeginningOfItIsFound() throws IOException {
    byte[] whole = MARK.text().getBytes(StandardCharsets.ISO_8859_1);
    MarkFile file = new MarkFile(folder);
    for (int i = 0; i < whole.length; i++) {
      Files.write(file.path(), java.util.Arrays.copyOf(whole, i));
      assertThrows(Refusal.class, file::read, "the first " + i);
    }
  }

  @Test
  void whatACrashLeftBesideItIsNotRead() throws IOException {
    MarkFile file = new MarkFile(folder);
    file.change(MARK, mark -> mark);
    Files.writeString(folder.resolve("marks.new"), MARK.text().substring(0, 50));
    assertEquals(Optional.of(MARK), file.read());
    Mark higher = file.change(MARK, mark -> mark.with(Map.of("crl/devices", 13L)));
    assertEquals(Optional.of(higher), file.read());
  }

  @Test
  void onlyRises() {
    assertEquals(MARK, MARK.with(Map.of("crl/devices", 11L)));
    assertEquals(MARK, MARK.with(76, Digest.of()));
    assertEquals(MARK, MARK.signed(Instant.EPOCH));
  }
}

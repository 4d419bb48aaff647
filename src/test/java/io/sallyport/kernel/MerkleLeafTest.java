package io.sallyport.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MerkleLeafTest {
  private static final UUID ID = UUID.fromString("0192F000-0000-7000-8000-000000000001");
  private static final Instant AT = Instant.parse("2026-11-22T10:00:00.000120Z");

  @Test
  void theOctetsAreTheDocumentedOnes() {
    assertEquals(
        "{\"v\":1,\"id\":\"0192f000-0000-7000-8000-000000000001\",\"at\":\"2026-11-22T10:00:00.000120Z\","
            + "\"kind\":\"device.quarantined\",\"actor\":\"operator:admin\",\"subject_type\":\"device\","
            + "\"subject\":\"d1\",\"detail\":{\"a\":\"\\\"\\\\\\n\\u0001é\",\"b\":\"\"}}",
        leaf(AT, "d1", Map.of("b", "", "a", "\"\\\n\u0001é")).toString());
  }

  @Test
  void valuesThatRunIntoEachOtherGiveDifferentLeaves() {
    assertNotEquals(
        leaf(AT, "d1", Map.of("a", "b\",\"c\":\"d")), leaf(AT, "d1", Map.of("a", "b", "c", "d")));
    assertNotEquals(leaf(AT, "d1", Map.of()), leaf(AT.plusNanos(1), "d1", Map.of()));
    assertNotEquals(leaf(AT, "?", Map.of()), leaf(AT, "\ud800", Map.of()));
  }

  @Test
  void whatTheDatabaseCannotHoldIsReplacedBeforehand() {
    assertEquals("a\ufffdb\ufffdc😀", MerkleLeaf.text("a\0b\ud800c😀"));
  }

  private static MerkleLeaf leaf(Instant at, String subject, Map<String, String> detail) {
    return MerkleLeaf.of(ID, at, "device.quarantined", "operator:admin", "device", subject, detail);
  }
}

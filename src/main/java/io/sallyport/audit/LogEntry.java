package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleLeaf;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A numbered fact, as it stands in the log.
 *
 * @param position 1 for the first fact, rising by one
 * @param actor kind and name, for instance {@code operator:admin}
 * @param detail further facts by name, sorted; {@code unreadable} with the kept text when that was tampered with
 * @param leaf the octets kept for the tree when the fact was recorded
 * @param hash the leaf hash kept when the fact was sealed; before that, the hash of {@code leaf}
 */
public record LogEntry(
    long position,
    UUID id,
    Instant at,
    String kind,
    String actor,
    String subjectType,
    String subject,
    Map<String, String> detail,
    MerkleLeaf leaf,
    Digest hash) {
  public LogEntry {
    detail = Collections.unmodifiableMap(new TreeMap<>(detail));
  }
}

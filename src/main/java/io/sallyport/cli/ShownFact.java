package io.sallyport.cli;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleLeaf;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;

/**
 * An entry of a log as the server shows it ({@code GET /api/v1/audit/facts}).
 *
 * @param dropped whether the hash is all that is left of it ({@code GET /api/v1/audit/leaves})
 */
public record ShownFact(
    long position,
    UUID id,
    Instant at,
    String kind,
    String actor,
    String subjectType,
    String subject,
    Map<String, String> detail,
    MerkleLeaf leaf,
    Digest hash,
    boolean dropped) {
  private static final UUID NO_ID = new UUID(0, 0);
  private static final MerkleLeaf NO_LEAF = MerkleLeaf.ofOctets(new byte[0]);

  public ShownFact {
    detail = Map.copyOf(detail);
  }

  /** A whole one. */
  public ShownFact(
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
    this(position, id, at, kind, actor, subjectType, subject, detail, leaf, hash, false);
  }

  /** One of which the content was dropped. */
  public static ShownFact dropped(long position, Digest hash) {
    return new ShownFact(
        position, NO_ID, Instant.EPOCH, "", "", "", "", Map.of(), NO_LEAF, hash, true);
  }

  /** The leaf that what a reader sees comes to. */
  MerkleLeaf computed() {
    return MerkleLeaf.of(id, at, kind, actor, subjectType, subject, detail);
  }
}

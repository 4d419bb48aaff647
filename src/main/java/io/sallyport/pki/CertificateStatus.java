package io.sallyport.pki;

import io.sallyport.kernel.Der;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Certificate status: CRL (RFC 5280 §5) and OCSP (RFC 6960). */
public interface CertificateStatus {
  /**
   * A published list.
   *
   * @param dated whether no earlier list has the same thisUpdate, so that the time alone tells them apart
   */
  record Crl(Der der, long number, Instant thisUpdate, Instant nextUpdate, boolean dated) {}

  /**
   * The whole lists of an authority, all shards together.
   *
   * @param shards lists that there have to be
   * @param published those that there are
   * @param number the highest number among them, of whole lists and deltas; 0 when there is none
   * @param oldest when the oldest of them was made, or null
   * @param firstEnd when the first of them runs out, or null
   */
  record Lists(
      int shards,
      int published,
      long number,
      @Nullable Instant oldest,
      @Nullable Instant firstEnd) {}

  /**
   * An OCSP answer.
   *
   * @param nextUpdate until when it may be kept, or null when it must not be
   * @param told {@code good}, {@code revoked} or {@code unknown} for each certificate asked about, or one word why there
   *     is no answer
   * @param stamp whether it would be the same now
   * @param common whether a server should keep it: the plain question about one certificate that was issued, so that
   *     nobody fills a cache with questions of his own making
   */
  record OcspAnswer(
      Der der,
      @Nullable Instant thisUpdate,
      @Nullable Instant nextUpdate,
      List<String> told,
      Stamp stamp,
      boolean common) {
    public OcspAnswer {
      told = List.copyOf(told);
    }
  }

  /** Whether what an answer was made from is still so. Any thread, never blocks. */
  @FunctionalInterface
  interface Stamp {
    /** False as soon as a change was committed on this node, and soon after one on another node. */
    boolean holds();
  }

  /** The newest list of a shard of an authority; shards are numbered from 0. */
  Optional<Crl> crl(String authority, int shard);

  /** The newest delta to a list of that shard, of the same scope (RFC 5280 §5.2.4). */
  Optional<Crl> delta(String authority, int shard);

  /** How the lists of every authority that publishes stand, by its name; none of them is read. */
  Map<String, Lists> lists();

  /** Answers an OCSPRequest; a malformed one gets {@code malformedRequest}, never an exception. */
  OcspAnswer ocsp(byte[] request);

  /** What to answer when there are too many to answer. */
  OcspAnswer tryLater();
}

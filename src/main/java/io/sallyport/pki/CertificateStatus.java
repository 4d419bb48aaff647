package io.sallyport.pki;

import io.sallyport.kernel.Der;
import java.time.Instant;
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
   * An OCSP answer.
   *
   * @param nextUpdate until when it may be kept, or null when it must not be
   */
  record OcspAnswer(
      Der der, @Nullable Instant thisUpdate, @Nullable Instant nextUpdate) {}

  /** The newest list of a shard of an authority; shards are numbered from 0. */
  Optional<Crl> crl(String authority, int shard);

  /** The newest delta to a list of that shard, of the same scope (RFC 5280 §5.2.4). */
  Optional<Crl> delta(String authority, int shard);

  /** Answers an OCSPRequest; a malformed one gets {@code malformedRequest}, never an exception. */
  OcspAnswer ocsp(byte[] request);
}

package io.sallyport.pki;

import io.sallyport.kernel.Der;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Certificate status: CRL (RFC 5280 §5) and OCSP (RFC 6960). */
public interface CertificateStatus {
  /** A published list. */
  record Crl(Der der, long number, Instant thisUpdate, Instant nextUpdate) {}

  /**
   * An OCSP answer.
   *
   * @param nextUpdate until when it may be kept, or null when it must not be
   */
  record OcspAnswer(
      Der der, @Nullable Instant thisUpdate, @Nullable Instant nextUpdate) {}

  /** The newest list of an authority; shards are numbered from 0, and there is one. */
  Optional<Crl> crl(String authority, int shard);

  /** Answers an OCSPRequest; a malformed one gets {@code malformedRequest}, never an exception. */
  OcspAnswer ocsp(byte[] request);
}

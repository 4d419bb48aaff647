package io.sallyport.pki;

import io.sallyport.kernel.Digest;
import java.math.BigInteger;
import java.time.Instant;

/**
 * What an issued certificate is recognised by, without the certificate itself.
 *
 * @param authority the issuing authority's name
 * @param authorityKeyIdentifier in lower-case hex (RFC 5280 §4.2.1.1); with the serial it names the certificate
 * @param thumbprint SHA-256 over the DER certificate
 */
public record CredentialIdentity(
    String authority,
    String authorityKeyIdentifier,
    BigInteger serial,
    Digest thumbprint,
    Instant notBefore,
    Instant notAfter) {
  /** Whether that time is within its validity. */
  public boolean isValidAt(Instant time) {
    return !time.isBefore(notBefore) && !time.isAfter(notAfter);
  }
}

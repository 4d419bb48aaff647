package io.sallyport.decision;

import java.math.BigInteger;

/**
 * What names a certificate where neither it nor its thumbprint is at hand (RFC 5280 §4.1.2.2, §4.2.1.1).
 *
 * @param authorityKeyIdentifier in lower-case hex
 */
public record CertificateName(String authorityKeyIdentifier, BigInteger serial) {}

package io.sallyport.pki;

import java.time.Duration;
import java.util.List;

/**
 * What a certificate may say.
 *
 * @param name also the EST label
 * @param authority name of the issuing authority
 * @param backdating how far notBefore lies in the past, for devices whose clock lags
 * @param extendedKeyUsages dotted object identifiers
 */
public record CertificateProfile(
    String name,
    String authority,
    Duration validity,
    Duration backdating,
    List<String> extendedKeyUsages) {
  public CertificateProfile {
    extendedKeyUsages = List.copyOf(extendedKeyUsages);
  }
}

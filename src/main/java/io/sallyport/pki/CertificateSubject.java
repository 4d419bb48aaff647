package io.sallyport.pki;

import java.util.Locale;
import java.util.UUID;

/** Whose certificate it is. */
public record CertificateSubject(Kind kind, String id) {
  /** What can have a certificate. */
  public enum Kind {
    DEVICE,
    ENFORCEMENT_POINT,
    SERVER,
    OCSP_RESPONDER,
    AUTHORITY;

    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  public static CertificateSubject device(UUID id) {
    return new CertificateSubject(Kind.DEVICE, id.toString());
  }
}

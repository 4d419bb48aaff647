package io.sallyport.pki;

import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/** Whose certificate it is. */
public record CertificateSubject(Kind kind, String id) {
  /** What can have a certificate. */
  public enum Kind {
    DEVICE,
    /** The attestation key in a device's TPM; its id is the device's. */
    ATTESTATION_KEY,
    ENFORCEMENT_POINT,
    /** A workplace of a manufacturing line. */
    STATION,
    /** Signs manifests and vouchers, in the name of the server. */
    DOCUMENT_SIGNER,
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

  /** The attestation key of this device. */
  public static CertificateSubject attestationKey(UUID device) {
    return new CertificateSubject(Kind.ATTESTATION_KEY, device.toString());
  }

  /** The device that it is, or that it is a part of: what is revoked with that device. */
  public Optional<UUID> onDevice() {
    return kind == Kind.DEVICE || kind == Kind.ATTESTATION_KEY
        ? Optional.of(UUID.fromString(id))
        : Optional.empty();
  }
}

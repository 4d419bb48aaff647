package io.sallyport.pki;

import io.sallyport.kernel.Actor;
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
    /** Asks for certificates in the names of devices (RFC 7030 §3.7). */
    REGISTRATION_AUTHORITY,
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

  /** Who acts when this certificate is shown. */
  public Actor actor() {
    return switch (kind) {
      case DEVICE, ATTESTATION_KEY -> Actor.device(UUID.fromString(id));
      case ENFORCEMENT_POINT -> Actor.enforcementPoint(id);
      case STATION -> Actor.station(id);
      case REGISTRATION_AUTHORITY -> Actor.registrationAuthority(id);
      case DOCUMENT_SIGNER, SERVER, OCSP_RESPONDER, AUTHORITY -> Actor.SERVER;
    };
  }

  /** The device that it is, or that it is a part of: what is revoked with that device. */
  public Optional<UUID> onDevice() {
    return kind == Kind.DEVICE || kind == Kind.ATTESTATION_KEY
        ? Optional.of(UUID.fromString(id))
        : Optional.empty();
  }
}

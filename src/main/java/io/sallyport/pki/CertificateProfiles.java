package io.sallyport.pki;

import io.sallyport.kernel.Actor;
import java.util.List;
import java.util.Optional;

/**
 * Certificate profiles: those that people wrote, the ready ones that come with the server, and those by which the server
 * certifies itself and its enforcement points, which nobody can change.
 */
public interface CertificateProfiles {
  String DEVICE = "device";
  /** For devices that serve TLS themselves, to be reached by their host names. */
  String DEVICE_SERVER = "device-server";

  String ENFORCEMENT_POINT = "enforcement-point";
  /** Workplaces of manufacturing lines. */
  String STATION = "station";
  /** Those who ask in the names of devices. */
  String REGISTRATION_AUTHORITY = "registration-authority";
  /** What signs manifests and vouchers; long-lived, for it is looked at as long as they are. */
  String DOCUMENT_SIGNER = "document-signer";

  String SERVER = "server";

  /**
   * Keys of TPMs that sign quotes. From the internal authority, so that whoever trusts the devices' authority takes none
   * of them for a device's certificate.
   */
  String ATTESTATION_KEY = "attestation-key";

  String OCSP_RESPONDER = "ocsp-responder";
  String AUTHORITY = "authority";

  /** Where a certificate profile comes from. */
  enum Origin {
    /** It came with the server. */
    READY,
    /** Somebody applied it. */
    APPLIED
  }

  /** A certificate profile for devices and the YAML that it was read from. */
  record ProfileDocument(CertificateProfile profile, Origin origin, String yaml) {}

  /** One of those by which the server certifies itself and what belongs to it. */
  static CertificateProfile internal(String name) {
    return FixedProfiles.internal(name).orElseThrow();
  }

  /** From memory; safe on event loops. */
  Optional<CertificateProfile> find(String name);

  /** The certificate profile of this name, if it is one that devices may have. From memory. */
  Optional<CertificateProfile> forDevices(String name);

  /**
   * Creates or replaces the certificate profile that the document names; refuses with {@code invalid-certificate-profile}
   * what cannot be read, what devices may not have (law 10), and what contradicts its issuer.
   */
  CertificateProfile apply(String yaml, Actor actor);

  /** Forgets what was applied under this name; a ready one of the same name counts again. */
  void remove(String name, Actor actor);

  /** Those for devices, by name. */
  List<ProfileDocument> list();
}

package io.sallyport.pki;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/** The certificate profiles that this server issues by. */
public final class CertificateProfiles {
  public static final String DEVICE = "device";
  /** For devices that serve TLS themselves, to be reached by their host names. */
  public static final String DEVICE_SERVER = "device-server";

  public static final String ENFORCEMENT_POINT = "enforcement-point";
  public static final String SERVER = "server";

  /**
   * Keys of TPMs that sign quotes. From the internal authority, so that whoever trusts the devices' authority takes none
   * of them for a device's certificate.
   */
  public static final String ATTESTATION_KEY = "attestation-key";

  static final String OCSP_RESPONDER = "ocsp-responder";
  static final String AUTHORITY = "authority";

  /** Devices' clocks lag; ten minutes covers one that was set at the start of a shift. */
  private static final Duration BACKDATING = Duration.ofMinutes(10);

  private static final Map<String, CertificateProfile> PROFILES = Stream.of(
          profile(DEVICE, Authorities.DEVICES, Duration.ofDays(90), KeyPurposeId.id_kp_clientAuth),
          profile(
              DEVICE_SERVER,
              Authorities.DEVICES,
              Duration.ofDays(90),
              KeyPurposeId.id_kp_clientAuth,
              KeyPurposeId.id_kp_serverAuth),
          profile(
              ENFORCEMENT_POINT,
              Authorities.INTERNAL,
              Duration.ofDays(365),
              KeyPurposeId.id_kp_clientAuth),
          profile(
              ATTESTATION_KEY,
              Authorities.INTERNAL,
              Duration.ofDays(365),
              KeyPurposeId.getInstance(new ASN1ObjectIdentifier(Linter.ATTESTATION_KEY_USAGE))),
          profile(SERVER, Authorities.INTERNAL, Duration.ofDays(30), KeyPurposeId.id_kp_serverAuth))
      .collect(Collectors.toUnmodifiableMap(CertificateProfile::name, Function.identity()));

  private CertificateProfiles() {}

  /** The certificate profile of this name, if it is one that devices may have. */
  public static Optional<CertificateProfile> forDevices(String name) {
    return find(name).filter(profile -> profile.authority().equals(Authorities.DEVICES));
  }

  public static Optional<CertificateProfile> find(String name) {
    return Optional.ofNullable(PROFILES.get(name));
  }

  /** Responder certificates come from the very authority that they answer for (RFC 6960 §4.2.2.2). */
  static CertificateProfile ocspResponder(String authority) {
    return profile(OCSP_RESPONDER, authority, Duration.ofDays(14), KeyPurposeId.id_kp_OCSPSigning);
  }

  private static CertificateProfile profile(
      String name, String authority, Duration validity, KeyPurposeId... usages) {
    return new CertificateProfile(
        name,
        authority,
        validity,
        BACKDATING,
        Stream.of(usages).map(KeyPurposeId::getId).toList());
  }
}

package io.sallyport.pki;

import io.sallyport.pki.CertificateProfile.Usage;
import io.sallyport.pki.CertificateProfiles.Origin;
import io.sallyport.pki.CertificateProfiles.ProfileDocument;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/** Certificate profiles that come with the server: for itself, and the ready ones for devices, each read when asked for. */
final class FixedProfiles {
  static final List<String> READY =
      List.of("device", "device-server", "eap-tls", "ipsec", "mqtt", "opc-ua", "web-server");

  /** id-kp-documentSigning (RFC 9336). */
  private static final String DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36";

  private static final Map<String, CertificateProfile> INTERNAL = Map.of(
      CertificateProfiles.ENFORCEMENT_POINT,
      internal(
          CertificateProfiles.ENFORCEMENT_POINT,
          Authorities.INTERNAL,
          Duration.ofDays(365),
          KeyPurposeId.id_kp_clientAuth.getId()),
      CertificateProfiles.STATION,
      internal(
          CertificateProfiles.STATION,
          Authorities.INTERNAL,
          Duration.ofDays(365),
          KeyPurposeId.id_kp_clientAuth.getId()),
      CertificateProfiles.REGISTRATION_AUTHORITY,
      internal(
          CertificateProfiles.REGISTRATION_AUTHORITY,
          Authorities.INTERNAL,
          Duration.ofDays(365),
          KeyPurposeId.id_kp_clientAuth.getId(),
          Linter.CMC_RA),
      // The mail's purpose is the one that checkers of CMS look for unless they are told another.
      CertificateProfiles.DOCUMENT_SIGNER,
      internal(
          CertificateProfiles.DOCUMENT_SIGNER,
          Authorities.INTERNAL,
          Duration.ofDays(5 * 365),
          KeyPurposeId.id_kp_emailProtection.getId(),
          DOCUMENT_SIGNING),
      CertificateProfiles.ATTESTATION_KEY,
      internal(
          CertificateProfiles.ATTESTATION_KEY,
          Authorities.INTERNAL,
          Duration.ofDays(365),
          Linter.ATTESTATION_KEY_USAGE),
      CertificateProfiles.SERVER,
      internal(
          CertificateProfiles.SERVER,
          Authorities.INTERNAL,
          Duration.ofDays(30),
          KeyPurposeId.id_kp_serverAuth.getId()));

  private final Map<String, ProfileDocument> ready = new ConcurrentHashMap<>();

  static Optional<CertificateProfile> internal(String name) {
    return Optional.ofNullable(INTERNAL.get(name));
  }

  Optional<ProfileDocument> ready(String name) {
    return READY.contains(name)
        ? Optional.of(ready.computeIfAbsent(name, FixedProfiles::read))
        : Optional.empty();
  }

  Stream<ProfileDocument> ready() {
    return READY.stream().flatMap(name -> ready(name).stream());
  }

  /** Responder certificates come from the very authority that they answer for (RFC 6960 §4.2.2.2). */
  static CertificateProfile ocspResponder(String authority) {
    return internal(
        CertificateProfiles.OCSP_RESPONDER,
        authority,
        Duration.ofDays(14),
        KeyPurposeId.id_kp_OCSPSigning.getId());
  }

  private static CertificateProfile internal(
      String name, String authority, Duration validity, String... purposes) {
    return new CertificateProfile(
        name,
        authority,
        validity,
        CertificateProfileDocument.USUAL_BACKDATING,
        Set.of(),
        List.of(),
        List.of(),
        purposes[0].equals(KeyPurposeId.id_kp_serverAuth.getId())
            ? Set.of(Usage.DIGITAL_SIGNATURE, Usage.KEY_ENCIPHERMENT)
            : Set.of(Usage.DIGITAL_SIGNATURE),
        List.of(purposes),
        List.of(),
        null,
        false,
        // A responder's status is not asked for (RFC 6960 §4.2.2.2.1).
        !name.equals(CertificateProfiles.OCSP_RESPONDER),
        EnrollmentTerms.DEFAULT);
  }

  private static ProfileDocument read(String name) {
    try (InputStream in =
        FixedProfiles.class.getResourceAsStream("/certificate-profiles/" + name + ".yaml")) {
      if (in == null) {
        throw new IllegalStateException("the ready certificate profile " + name + " is missing");
      }
      String yaml = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return new ProfileDocument(CertificateProfileDocument.read(yaml), Origin.READY, yaml);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

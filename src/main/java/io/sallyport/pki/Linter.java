package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.TBSCertificate;

/**
 * Looks at a TBSCertificate with fresh eyes, before it is recorded: it knows the rules (RFC 5280 §4, laws 4 and 10), not
 * how the certificate was built.
 */
final class Linter {
  private static final int MOST_SERIAL_OCTETS = 20;
  private static final int LEAST_SERIAL_BITS = 64;
  private static final int VERSION_3 = 3;
  /** What no device may be called: it would let it stand in for a server. */
  private static final Set<String> RESERVED_HOSTS = Set.of("localhost", "localhost.localdomain");
  /** id-kp-cmcRA (RFC 6402). */
  static final String CMC_RA = "1.3.6.1.5.5.7.3.28";

  /** tcg-kp-AIKCertificate. */
  static final String ATTESTATION_KEY_USAGE = "2.23.133.8.3";

  private Linter() {}

  /**
   * The same for what stands in octets, which must be the one encoding that DER allows.
   *
   * @param pointers whether it has to say where its status is
   */
  static void check(
      Der tbsCertificate, CertificateSubject.Kind kind, Instant issuerNotAfter, boolean pointers) {
    TBSCertificate tbs;
    boolean canonical;
    try {
      tbs = TBSCertificate.getInstance(tbsCertificate.octets());
      canonical = Arrays.equals(tbs.getEncoded("DER"), tbsCertificate.octets());
    } catch (IOException | RuntimeException e) {
      // Twice the same extension, too.
      throw new Refusal(PkiProblem.LINT, "Not signed: the TBSCertificate cannot be read.");
    }
    if (!canonical) {
      throw new Refusal(PkiProblem.LINT, "Not signed: not in DER (RFC 5280 §4.1).");
    }
    if (pointers
        && (tbs.getExtensions() == null
            || tbs.getExtensions().getExtension(Extension.cRLDistributionPoints) == null)) {
      throw new Refusal(PkiProblem.LINT, "Not signed: no CRL distribution point.");
    }
    check(tbs, kind, issuerNotAfter);
  }

  /** Refuses with {@code lint}, naming every rule that is broken. */
  static void check(TBSCertificate tbs, CertificateSubject.Kind kind, Instant issuerNotAfter) {
    List<String> faults = new ArrayList<>();
    general(tbs, issuerNotAfter, faults);
    Extensions extensions = tbs.getExtensions();
    if (extensions == null) {
      faults.add("no extensions (RFC 5280 §4.2)");
    } else {
      if (kind == CertificateSubject.Kind.AUTHORITY) {
        authority(extensions, faults);
      } else {
        endEntity(tbs, extensions, kind, faults);
      }
      EncodingLints.check(tbs, extensions, faults);
    }
    if (!faults.isEmpty()) {
      throw new Refusal(PkiProblem.LINT, "Not signed: " + String.join("; ", faults) + ".");
    }
  }

  private static void general(TBSCertificate tbs, Instant issuerNotAfter, List<String> faults) {
    require(tbs.getVersionNumber() == VERSION_3, "not version 3", faults);
    BigInteger serial = tbs.getSerialNumber().getValue();
    require(serial.signum() > 0, "serial not positive (RFC 5280 §4.1.2.2)", faults);
    require(serial.toByteArray().length <= MOST_SERIAL_OCTETS, "serial over 20 octets", faults);
    require(serial.bitLength() >= LEAST_SERIAL_BITS, "serial below 64 bits", faults);
    Instant notBefore = tbs.getStartDate().getDate().toInstant();
    Instant notAfter = tbs.getEndDate().getDate().toInstant();
    require(notBefore.isBefore(notAfter), "ends before it begins", faults);
    require(!notAfter.isAfter(issuerNotAfter), "outlives its issuer (law 4)", faults);
    require(tbs.getIssuer().getRDNs().length > 0, "empty issuer (RFC 5280 §4.1.2.4)", faults);
    require(
        tbs.getExtensions() != null
            && tbs.getExtensions().getExtension(Extension.subjectKeyIdentifier) != null
            && tbs.getExtensions().getExtension(Extension.authorityKeyIdentifier) != null,
        "no key identifiers (RFC 5280 §4.2.1)",
        faults);
  }

  private static void authority(Extensions extensions, List<String> faults) {
    BasicConstraints constraints = BasicConstraints.fromExtensions(extensions);
    require(constraints != null && constraints.isCA(), "an authority without CA=true", faults);
    require(
        critical(extensions, Extension.basicConstraints), "basicConstraints not critical", faults);
    KeyUsage usage = KeyUsage.fromExtensions(extensions);
    require(
        usage != null && usage.hasUsages(KeyUsage.keyCertSign),
        "an authority without keyCertSign",
        faults);
  }

  private static void endEntity(
      TBSCertificate tbs,
      Extensions extensions,
      CertificateSubject.Kind kind,
      List<String> faults) {
    BasicConstraints constraints = BasicConstraints.fromExtensions(extensions);
    require(constraints == null || !constraints.isCA(), "CA=true outside an authority", faults);
    KeyUsage usage = KeyUsage.fromExtensions(extensions);
    require(
        usage != null
            && !usage.hasUsages(KeyUsage.keyCertSign)
            && !usage.hasUsages(KeyUsage.cRLSign),
        "key usage of an authority",
        faults);
    ExtendedKeyUsage purposes = ExtendedKeyUsage.fromExtensions(extensions);
    if (purposes == null) {
      faults.add("no extended key usage");
      return;
    }
    require(
        !purposes.hasKeyPurposeId(KeyPurposeId.anyExtendedKeyUsage), "anyExtendedKeyUsage", faults);
    require(
        purposes.hasKeyPurposeId(KeyPurposeId.id_kp_OCSPSigning)
            == (kind == CertificateSubject.Kind.OCSP_RESPONDER),
        "OCSPSigning on the wrong kind of certificate",
        faults);
    boolean attestationKey = purposes.hasKeyPurposeId(
        KeyPurposeId.getInstance(new ASN1ObjectIdentifier(ATTESTATION_KEY_USAGE)));
    require(
        attestationKey == (kind == CertificateSubject.Kind.ATTESTATION_KEY)
            && (!attestationKey || purposes.getUsages().length == 1),
        "an attestation key's usage beside another, or on the wrong kind of certificate",
        faults);
    require(
        purposes.hasKeyPurposeId(KeyPurposeId.getInstance(new ASN1ObjectIdentifier(CMC_RA)))
            == (kind == CertificateSubject.Kind.REGISTRATION_AUTHORITY),
        "cmcRA on the wrong kind of certificate (law 10)",
        faults);
    X500Name subject = tbs.getSubject();
    require(
        subject.getRDNs().length > 0 || critical(extensions, Extension.subjectAlternativeName),
        "no name (RFC 5280 §4.1.2.6)",
        faults);
    if (kind == CertificateSubject.Kind.DEVICE) {
      device(extensions, faults);
    }
  }

  private static void device(Extensions extensions, List<String> faults) {
    GeneralNames names = GeneralNames.fromExtensions(extensions, Extension.subjectAlternativeName);
    if (names != null) {
      for (GeneralName name : names.getNames()) {
        require(
            name.getTagNo() != GeneralName.dNSName
                || !RESERVED_HOSTS.contains(name.getName().toString().toLowerCase(Locale.ROOT)),
            "a reserved host name on a device (law 10)",
            faults);
      }
    }
  }

  private static boolean critical(Extensions extensions, ASN1ObjectIdentifier id) {
    Extension extension = extensions.getExtension(id);
    return extension != null && extension.isCritical();
  }

  private static void require(boolean holds, String fault, List<String> faults) {
    if (!holds) {
      faults.add(fault);
    }
  }
}

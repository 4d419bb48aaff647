package io.sallyport.pki;

import io.sallyport.kernel.Der;
import java.util.HexFormat;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.cert.X509ExtensionUtils;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** Subject and authority key identifiers: those that are made here by method 1 of RFC 5280 §4.2.1.2. */
final class KeyIdentifiers {
  private KeyIdentifiers() {}

  /** Not safe for several threads: one for each use. */
  static X509ExtensionUtils utils() {
    return new X509ExtensionUtils(calculator(new AlgorithmIdentifier(OIWObjectIdentifiers.idSHA1)));
  }

  /** The authority key identifier of a certificate of this server in lower-case hex; empty when it has none. */
  static String authority(Der certificate) {
    // Read for each certificate of the fleet when that is loaded, so without making objects of the
    // rest of it.
    String found = AuthorityKeyIdentifiers.find(certificate.octets());
    if (found != null) {
      return found;
    }
    AuthorityKeyIdentifier identifier =
        AuthorityKeyIdentifier.fromExtensions(CertificateParts.tbs(certificate).getExtensions());
    return identifier == null || identifier.getKeyIdentifierOctets() == null
        ? ""
        : HexFormat.of().formatHex(identifier.getKeyIdentifierOctets());
  }

  /** The subject key identifier in lower-case hex; empty when it has none. */
  static String subject(Der certificate) {
    SubjectKeyIdentifier identifier =
        SubjectKeyIdentifier.fromExtensions(CertificateParts.tbs(certificate).getExtensions());
    return identifier == null ? "" : HexFormat.of().formatHex(identifier.getKeyIdentifier());
  }

  /** What those that an authority certifies name it by, whoever made it (RFC 5280 §4.2.1.1). */
  static byte[] of(TBSCertificate authority) {
    return SubjectKeyIdentifier.fromExtensions(authority.getExtensions()).getKeyIdentifier();
  }

  /** By method 1, in lower-case hex, whatever the certificate says. */
  static String ofKey(Der certificate) {
    return HexFormat.of()
        .formatHex(utils()
            .createSubjectKeyIdentifier(CertificateParts.tbs(certificate).getSubjectPublicKeyInfo())
            .getKeyIdentifier());
  }

  static DigestCalculator calculator(AlgorithmIdentifier algorithm) {
    try {
      return new JcaDigestCalculatorProviderBuilder().build().get(algorithm);
    } catch (OperatorCreationException e) {
      throw new IllegalStateException("this JVM lacks " + algorithm.getAlgorithm(), e);
    }
  }
}

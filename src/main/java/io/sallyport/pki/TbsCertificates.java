package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.pki.Issuance.Name;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V3TBSCertificateGenerator;
import org.bouncycastle.cert.X509ExtensionUtils;
import org.bouncycastle.operator.DefaultSignatureAlgorithmIdentifierFinder;
import org.jspecify.annotations.Nullable;

/** Builds what will be signed (RFC 5280 §4.1.2). */
@Singleton
final class TbsCertificates {
  private final StatusSettings settings;

  TbsCertificates(StatusSettings settings) {
    this.settings = settings;
  }

  /**
   * What a certificate says.
   *
   * @param issuerKey the issuer's SubjectPublicKeyInfo
   * @param pathLength for a CA certificate how many CAs may follow, otherwise null
   */
  record Content(
      String issuer,
      X500Name issuerName,
      Der issuerKey,
      KeyAlgorithm issuerAlgorithm,
      BigInteger serial,
      X500Name subject,
      Der subjectKey,
      List<Name> names,
      List<String> extendedKeyUsages,
      @Nullable Integer pathLength,
      Instant notBefore,
      Instant notAfter) {
    Content {
      names = List.copyOf(names);
      extendedKeyUsages = List.copyOf(extendedKeyUsages);
    }
  }

  TBSCertificate build(Content content) {
    V3TBSCertificateGenerator generator = new V3TBSCertificateGenerator();
    generator.setSerialNumber(new ASN1Integer(content.serial));
    generator.setSignature(algorithm(content.issuerAlgorithm));
    generator.setIssuer(content.issuerName);
    generator.setStartDate(new Time(Date.from(content.notBefore)));
    generator.setEndDate(new Time(Date.from(content.notAfter)));
    generator.setSubject(content.subject);
    SubjectPublicKeyInfo key = SubjectPublicKeyInfo.getInstance(content.subjectKey.octets());
    generator.setSubjectPublicKeyInfo(key);
    try {
      generator.setExtensions(extensions(content, key).generate());
    } catch (IOException e) {
      throw new IllegalStateException("the extensions cannot be encoded", e);
    }
    return generator.generateTBSCertificate();
  }

  static AlgorithmIdentifier algorithm(KeyAlgorithm algorithm) {
    return new DefaultSignatureAlgorithmIdentifierFinder().find(algorithm.signature());
  }

  private ExtensionsGenerator extensions(Content content, SubjectPublicKeyInfo key)
      throws IOException {
    ExtensionsGenerator extensions = new ExtensionsGenerator();
    X509ExtensionUtils identifiers = KeyIdentifiers.utils();
    boolean authority = content.pathLength != null;
    boolean rsa = key.getAlgorithm().getAlgorithm().equals(PKCSObjectIdentifiers.rsaEncryption);
    extensions.addExtension(
        Extension.basicConstraints,
        true,
        content.pathLength != null
            ? new BasicConstraints(content.pathLength)
            : new BasicConstraints(false));
    extensions.addExtension(Extension.keyUsage, true, keyUsage(authority, rsa && server(content)));
    if (!content.extendedKeyUsages.isEmpty()) {
      KeyPurposeId[] usages = content.extendedKeyUsages.stream()
          .map(oid -> KeyPurposeId.getInstance(new ASN1ObjectIdentifier(oid)))
          .toArray(KeyPurposeId[]::new);
      extensions.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(usages));
    }
    extensions.addExtension(
        Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(key));
    extensions.addExtension(
        Extension.authorityKeyIdentifier,
        false,
        identifiers.createAuthorityKeyIdentifier(
            SubjectPublicKeyInfo.getInstance(content.issuerKey.octets())));
    if (!content.names.isEmpty()) {
      extensions.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(content.names.stream()
              .map(TbsCertificates::generalName)
              .toArray(GeneralName[]::new)));
    }
    if (content.extendedKeyUsages.contains(KeyPurposeId.id_kp_OCSPSigning.getId())) {
      // Short-lived, so its own status need not be asked for (RFC 6960 §4.2.2.2.1).
      extensions.addExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nocheck, false, DERNull.INSTANCE);
    } else if (!content.subject.equals(content.issuerName)) {
      extensions.addExtension(
          Extension.cRLDistributionPoints, false, distributionPoint(content.issuer));
      extensions.addExtension(Extension.authorityInfoAccess, false, access(content.issuer));
    }
    return extensions;
  }

  private static boolean server(Content content) {
    return content.extendedKeyUsages.contains(KeyPurposeId.id_kp_serverAuth.getId());
  }

  private static KeyUsage keyUsage(boolean authority, boolean keyEncipherment) {
    if (authority) {
      return new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign);
    }
    return new KeyUsage(
        KeyUsage.digitalSignature | (keyEncipherment ? KeyUsage.keyEncipherment : 0));
  }

  private static GeneralName generalName(Name name) {
    return switch (name.kind()) {
      case DNS -> new GeneralName(GeneralName.dNSName, name.value());
      case IP -> new GeneralName(GeneralName.iPAddress, name.value());
      case URI -> new GeneralName(GeneralName.uniformResourceIdentifier, name.value());
      case PERMANENT_IDENTIFIER -> PermanentIdentifiers.name(name.value());
    };
  }

  private ASN1Encodable distributionPoint(String issuer) {
    return new CRLDistPoint(new DistributionPoint[] {
      new DistributionPoint(
          new DistributionPointName(new GeneralNames(url("/crl/" + issuer + "/0.crl"))), null, null)
    });
  }

  private ASN1Encodable access(String issuer) {
    return new AuthorityInformationAccess(new AccessDescription[] {
      new AccessDescription(AccessDescription.id_ad_ocsp, url("/ocsp")),
      new AccessDescription(AccessDescription.id_ad_caIssuers, url("/ca/" + issuer + ".cer"))
    });
  }

  private GeneralName url(String path) {
    return new GeneralName(GeneralName.uniformResourceIdentifier, settings.url() + path);
  }
}

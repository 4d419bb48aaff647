package io.sallyport.pki;

import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.pki.CertificateProfile.Usage;
import io.sallyport.pki.Issuance.Name;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.CertificatePolicies;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.PolicyInformation;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V3TBSCertificateGenerator;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.X509ExtensionUtils;
import org.bouncycastle.operator.DefaultSignatureAlgorithmIdentifierFinder;
import org.jspecify.annotations.Nullable;

/** Builds what will be signed (RFC 5280 §4.1.2). */
@Singleton
final class TbsCertificates {
  /** id-pe-mud-url (RFC 8520 §11). */
  static final ASN1ObjectIdentifier MUD_URL = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.1.25");

  private final StatusSettings settings;
  private final CrlShards shards;

  TbsCertificates(StatusSettings settings, CrlShards shards) {
    this.settings = settings;
    this.shards = shards;
  }

  /**
   * What a certificate says.
   *
   * @param issuerKey the issuer's SubjectPublicKeyInfo
   * @param issuerIdentifier the issuer's subject key identifier, made by whichever method; null for a certificate that its
   *     own key signs
   * @param crlShard which of the issuer's lists it will stand in, should it be revoked
   * @param profile null for a CA certificate
   * @param mudUrl as the profile gives it for this device, or null
   * @param terms of a CA certificate, otherwise null
   */
  record Content(
      String issuer,
      X500Name issuerName,
      Der issuerKey,
      byte @Nullable [] issuerIdentifier,
      KeyAlgorithm issuerAlgorithm,
      BigInteger serial,
      int crlShard,
      X500Name subject,
      Der subjectKey,
      List<Name> names,
      @Nullable CertificateProfile profile,
      @Nullable String mudUrl,
      @Nullable CaTerms terms,
      Instant notBefore,
      Instant notAfter) {
    Content {
      names = List.copyOf(names);
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
    CertificateProfile profile = content.profile;
    if (content.terms != null) {
      content.terms.addTo(extensions);
    } else {
      extensions.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      extensions.addExtension(
          Extension.keyUsage,
          true,
          new KeyUsage(bits(profile == null ? Set.of() : profile.keyUsages(), key)));
    }
    SubjectKeyIdentifier own = identifiers.createSubjectKeyIdentifier(key);
    extensions.addExtension(Extension.subjectKeyIdentifier, false, own);
    byte[] issuer = content.issuerIdentifier;
    extensions.addExtension(
        Extension.authorityKeyIdentifier,
        false,
        new AuthorityKeyIdentifier(issuer == null ? own.getKeyIdentifier() : issuer));
    if (!content.names.isEmpty()) {
      extensions.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(content.names.stream().map(Name::general).toArray(GeneralName[]::new)));
    }
    if (profile != null) {
      profiled(extensions, profile, content.mudUrl);
    }
    boolean points = profile == null
        ? !content.subjectKey.equals(content.issuerKey)
        : profile.revocationPointers();
    if (points) {
      addPointers(extensions, content.issuer, content.crlShard);
    }
    return extensions;
  }

  /** Where the status of what this authority certified is. */
  void addPointers(ExtensionsGenerator extensions, String issuer, int crlShard) throws IOException {
    extensions.addExtension(
        Extension.cRLDistributionPoints, false, distributionPoint(issuer, crlShard));
    extensions.addExtension(Extension.authorityInfoAccess, false, access(issuer));
  }

  /** What only the certificates of end entities have. */
  private static void profiled(
      ExtensionsGenerator extensions, CertificateProfile profile, @Nullable String mudUrl)
      throws IOException {
    extensions.addExtension(
        Extension.extendedKeyUsage,
        false,
        new ExtendedKeyUsage(profile.extendedKeyUsages().stream()
            .map(oid -> KeyPurposeId.getInstance(new ASN1ObjectIdentifier(oid)))
            .toArray(KeyPurposeId[]::new)));
    if (profile.name().equals(CertificateProfiles.OCSP_RESPONDER)) {
      // Short-lived, so its own status need not be asked for (RFC 6960 §4.2.2.2.1).
      extensions.addExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nocheck, false, DERNull.INSTANCE);
    }
    if (!profile.policies().isEmpty()) {
      extensions.addExtension(
          Extension.certificatePolicies,
          false,
          new CertificatePolicies(profile.policies().stream()
              .map(oid -> new PolicyInformation(new ASN1ObjectIdentifier(oid)))
              .toArray(PolicyInformation[]::new)));
    }
    if (mudUrl != null) {
      extensions.addExtension(MUD_URL, false, new DERIA5String(mudUrl, true));
    }
  }

  /** Only those that the key can do (RFC 3279 §2.3, RFC 8410 §5, RFC 9881 §5). */
  private static int bits(Set<Usage> usages, SubjectPublicKeyInfo key) {
    ASN1ObjectIdentifier algorithm = key.getAlgorithm().getAlgorithm();
    boolean rsa = algorithm.equals(PKCSObjectIdentifiers.rsaEncryption);
    boolean agrees = algorithm.equals(X9ObjectIdentifiers.id_ecPublicKey);
    int bits = 0;
    for (Usage usage : usages) {
      bits |= switch (usage) {
        case DIGITAL_SIGNATURE -> KeyUsage.digitalSignature;
        case NON_REPUDIATION -> KeyUsage.nonRepudiation;
        case KEY_ENCIPHERMENT -> rsa ? KeyUsage.keyEncipherment : 0;
        case DATA_ENCIPHERMENT -> rsa ? KeyUsage.dataEncipherment : 0;
        case KEY_AGREEMENT -> agrees ? KeyUsage.keyAgreement : 0;
      };
    }
    return bits;
  }

  private ASN1Encodable distributionPoint(String issuer, int shard) {
    GeneralName list =
        new GeneralName(GeneralName.uniformResourceIdentifier, shards.url(issuer, shard));
    return new CRLDistPoint(new DistributionPoint[] {
      new DistributionPoint(new DistributionPointName(new GeneralNames(list)), null, null)
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

package io.sallyport.pki;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1PrintableString;
import org.bouncycastle.asn1.ASN1String;
import org.bouncycastle.asn1.ASN1UTCTime;
import org.bouncycastle.asn1.ASN1UTF8String;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.CertificatePolicies;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.PolicyInformation;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/** How a certificate is written, and what it must carry, by RFC 5280 §4; {@link Linter} knows what it may say. */
final class EncodingLints {
  /** The first moment that a UTCTime cannot say (RFC 5280 §4.1.2.5). */
  private static final Instant GENERALIZED = Instant.parse("2050-01-01T00:00:00Z");

  /** Letters, digits and hyphens; the underscore too, which hosts are called by although no registry allows it. */
  private static final String LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";

  private static final Pattern HOST =
      Pattern.compile("(?=.{1,253}$)(\\*\\.)?" + LABEL + "(\\." + LABEL + ")*");
  /** Always PrintableString (RFC 5280 appendix A). */
  private static final Set<ASN1ObjectIdentifier> PRINTABLE =
      Set.of(BCStyle.C, BCStyle.SERIALNUMBER, BCStyle.DN_QUALIFIER);
  /** Always IA5String. */
  private static final Set<ASN1ObjectIdentifier> IA5 = Set.of(BCStyle.DC, BCStyle.EmailAddress);

  private static final List<ASN1ObjectIdentifier> NEVER_CRITICAL = List.of(
      Extension.subjectKeyIdentifier,
      Extension.authorityKeyIdentifier,
      Extension.authorityInfoAccess);
  private static final List<ASN1ObjectIdentifier> AUTHORITIES_ONLY = List.of(
      Extension.nameConstraints,
      Extension.policyConstraints,
      Extension.policyMappings,
      Extension.inhibitAnyPolicy);
  /** What RFC 5280 §4.2 asks every reader to process; nothing else is made critical. */
  private static final Set<ASN1ObjectIdentifier> UNDERSTOOD = Set.of(
      Extension.basicConstraints,
      Extension.keyUsage,
      Extension.extendedKeyUsage,
      Extension.certificatePolicies,
      Extension.subjectAlternativeName,
      Extension.nameConstraints,
      Extension.policyConstraints,
      Extension.policyMappings,
      Extension.inhibitAnyPolicy);
  /** In characters (RFC 5280 appendix A.1). */
  private static final Map<ASN1ObjectIdentifier, Integer> UPPER_BOUNDS = Map.of(
      BCStyle.CN, 64,
      BCStyle.O, 64,
      BCStyle.OU, 64,
      BCStyle.SERIALNUMBER, 64,
      BCStyle.L, 128,
      BCStyle.ST, 128,
      BCStyle.EmailAddress, 255);

  private static final int COUNTRY_LETTERS = 2;
  private static final int IPV4_OCTETS = 4;
  private static final int IPV6_OCTETS = 16;

  private EncodingLints() {}

  static void check(TBSCertificate tbs, Extensions extensions, List<String> faults) {
    time(tbs.getStartDate(), faults);
    time(tbs.getEndDate(), faults);
    name(tbs.getIssuer(), faults);
    name(tbs.getSubject(), faults);
    require(
        tbs.getIssuerUniqueId() == null && tbs.getSubjectUniqueId() == null,
        "a unique identifier (RFC 5280 §4.1.2.8)",
        faults);
    critical(tbs, extensions, faults);
    authorityOnly(extensions, faults);
    purposes(extensions, faults);
    policies(extensions, faults);
    keyUsage(tbs, extensions, faults);
    keyIdentifier(tbs, extensions, faults);
    alternatives(extensions, faults);
    if (extensions.getExtension(Extension.cRLDistributionPoints) != null
        || extensions.getExtension(Extension.authorityInfoAccess) != null) {
      status(extensions, faults);
    }
  }

  private static void time(Time time, List<String> faults) {
    boolean early = time.getDate().toInstant().isBefore(GENERALIZED);
    require(
        time.toASN1Primitive() instanceof ASN1UTCTime == early,
        "UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5)",
        faults);
  }

  private static void name(X500Name name, List<String> faults) {
    for (RDN set : name.getRDNs()) {
      for (AttributeTypeAndValue attribute : set.getTypesAndValues()) {
        require(
            string(attribute.getType(), attribute.getValue()),
            "a name's string is of the wrong type (RFC 5280 §4.1.2.4)",
            faults);
        require(
            bounded(attribute),
            "a name's string is empty or longer than allowed (RFC 5280 appendix A.1)",
            faults);
      }
    }
  }

  private static boolean string(ASN1ObjectIdentifier type, ASN1Encodable value) {
    if (PRINTABLE.contains(type)) {
      return value instanceof ASN1PrintableString;
    }
    if (IA5.contains(type)) {
      return value instanceof ASN1IA5String;
    }
    return value instanceof ASN1UTF8String || value instanceof ASN1PrintableString;
  }

  private static boolean bounded(AttributeTypeAndValue attribute) {
    if (!(attribute.getValue() instanceof ASN1String string)) {
      return true;
    }
    String text = string.getString();
    Integer most = UPPER_BOUNDS.get(attribute.getType());
    boolean country = attribute.getType().equals(BCStyle.C);
    return !text.isEmpty()
        && (most == null || text.codePointCount(0, text.length()) <= most)
        && (!country || text.length() == COUNTRY_LETTERS);
  }

  private static void authorityOnly(Extensions extensions, List<String> faults) {
    BasicConstraints constraints = BasicConstraints.fromExtensions(extensions);
    boolean authority = constraints != null && constraints.isCA();
    require(
        authority || constraints == null || constraints.getPathLenConstraint() == null,
        "a path length outside an authority (RFC 5280 §4.2.1.9)",
        faults);
    for (ASN1ObjectIdentifier id : AUTHORITIES_ONLY) {
      require(
          authority || extensions.getExtension(id) == null,
          "extension " + id + " outside an authority (RFC 5280 §4.2.1)",
          faults);
    }
    for (ASN1ObjectIdentifier id : extensions.getCriticalExtensionOIDs()) {
      require(
          UNDERSTOOD.contains(id) || NEVER_CRITICAL.contains(id),
          "extension " + id + " is critical, which others need not understand",
          faults);
    }
  }

  private static void purposes(Extensions extensions, List<String> faults) {
    ExtendedKeyUsage purposes = ExtendedKeyUsage.fromExtensions(extensions);
    require(
        purposes == null
            || purposes.getUsages().length > 0
                && Stream.of(purposes.getUsages()).distinct().count()
                    == purposes.getUsages().length,
        "an extended key usage stands twice, or none does (RFC 5280 §4.2.1.12)",
        faults);
  }

  private static void policies(Extensions extensions, List<String> faults) {
    CertificatePolicies policies = CertificatePolicies.fromExtensions(extensions);
    if (policies == null) {
      return;
    }
    long different = Stream.of(policies.getPolicyInformation())
        .map(PolicyInformation::getPolicyIdentifier)
        .distinct()
        .count();
    require(
        different > 0 && different == policies.getPolicyInformation().length,
        "a certificate policy stands twice, or none does (RFC 5280 §4.2.1.4)",
        faults);
  }

  private static void critical(TBSCertificate tbs, Extensions extensions, List<String> faults) {
    for (ASN1ObjectIdentifier id : NEVER_CRITICAL) {
      Extension extension = extensions.getExtension(id);
      require(
          extension == null || !extension.isCritical(),
          "extension " + id + " is critical (RFC 5280 §4.2)",
          faults);
    }
    Extension usage = extensions.getExtension(Extension.keyUsage);
    require(usage == null || usage.isCritical(), "keyUsage not critical", faults);
    Extension names = extensions.getExtension(Extension.subjectAlternativeName);
    require(
        names == null || !names.isCritical() || tbs.getSubject().getRDNs().length == 0,
        "alternative names critical beside a subject (RFC 5280 §4.2.1.6)",
        faults);
  }

  private static void keyUsage(TBSCertificate tbs, Extensions extensions, List<String> faults) {
    KeyUsage usage = KeyUsage.fromExtensions(extensions);
    if (usage == null) {
      return;
    }
    ASN1ObjectIdentifier key = tbs.getSubjectPublicKeyInfo().getAlgorithm().getAlgorithm();
    boolean rsa = key.equals(PKCSObjectIdentifiers.rsaEncryption);
    boolean enciphers =
        Stream.of(KeyUsage.keyEncipherment, KeyUsage.dataEncipherment).anyMatch(usage::hasUsages);
    require(
        rsa || !enciphers,
        "key usage enciphers with a key that only signs (RFC 5480 §3, RFC 8410 §5)",
        faults);
    require(
        !usage.hasUsages(KeyUsage.keyAgreement) || key.equals(X9ObjectIdentifiers.id_ecPublicKey),
        "key usage agrees on keys with a key that cannot",
        faults);
  }

  private static void keyIdentifier(
      TBSCertificate tbs, Extensions extensions, List<String> faults) {
    SubjectKeyIdentifier identifier = SubjectKeyIdentifier.fromExtensions(extensions);
    if (identifier != null) {
      byte[] expected = KeyIdentifiers.utils()
          .createSubjectKeyIdentifier(tbs.getSubjectPublicKeyInfo())
          .getKeyIdentifier();
      require(
          Arrays.equals(expected, identifier.getKeyIdentifier()),
          "the subject key identifier is another key's (RFC 5280 §4.2.1.2)",
          faults);
    }
  }

  private static void alternatives(Extensions extensions, List<String> faults) {
    GeneralNames names = GeneralNames.fromExtensions(extensions, Extension.subjectAlternativeName);
    if (names == null) {
      return;
    }
    require(names.getNames().length > 0, "no alternative name in their extension", faults);
    for (GeneralName name : names.getNames()) {
      require(
          wellFormed(name), "an alternative name is not well-formed (RFC 5280 §4.2.1.6)", faults);
    }
  }

  private static boolean wellFormed(GeneralName name) {
    return switch (name.getTagNo()) {
      case GeneralName.dNSName ->
        HOST.matcher(ASN1IA5String.getInstance(name.getName()).getString()).matches();
      case GeneralName.uniformResourceIdentifier ->
        absolute(ASN1IA5String.getInstance(name.getName()).getString());
      case GeneralName.iPAddress -> {
        int length = ASN1OctetString.getInstance(name.getName()).getOctets().length;
        yield length == IPV4_OCTETS || length == IPV6_OCTETS;
      }
      default -> true;
    };
  }

  private static boolean absolute(String uri) {
    try {
      return new URI(uri).isAbsolute();
    } catch (URISyntaxException e) {
      return false;
    }
  }

  /** Who checks a certificate finds its status and its issuer: all of it or, for those that live shortly, nothing. */
  private static void status(Extensions extensions, List<String> faults) {
    CRLDistPoint lists = CRLDistPoint.getInstance(
        Extensions.getExtensionParsedValue(extensions, Extension.cRLDistributionPoints));
    require(
        lists != null
            && Stream.of(lists.getDistributionPoints())
                .anyMatch(point -> point.getDistributionPoint() != null
                    && point.getDistributionPoint().getType() == DistributionPointName.FULL_NAME),
        "no CRL distribution point",
        faults);
    AuthorityInformationAccess access = AuthorityInformationAccess.fromExtensions(extensions);
    require(
        access != null
            && describes(access, AccessDescription.id_ad_ocsp)
            && describes(access, AccessDescription.id_ad_caIssuers),
        "no access to OCSP and to the issuer's certificate",
        faults);
  }

  private static boolean describes(AuthorityInformationAccess access, ASN1ObjectIdentifier method) {
    return Stream.of(access.getAccessDescriptions())
        .anyMatch(description -> description.getAccessMethod().equals(method)
            && description.getAccessLocation().getTagNo() == GeneralName.uniformResourceIdentifier);
  }

  private static void require(boolean holds, String fault, List<String> faults) {
    if (!holds && !faults.contains(fault)) {
      faults.add(fault);
    }
  }
}

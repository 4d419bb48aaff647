package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.pki.IssuerLints.Expected;
import io.sallyport.testing.TestPki;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Boolean;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.BERSequence;
import org.bouncycastle.asn1.DERBMPString;
import org.bouncycastle.asn1.DERGeneralizedTime;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERPrintableString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
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
import org.bouncycastle.asn1.x509.PolicyInformation;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V3TBSCertificateGenerator;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LinterTest {
  private static final Instant NOW = Instant.parse("2026-05-01T12:00:00Z");
  private static final Instant ISSUER_END = NOW.plusSeconds(86_400);
  private static final SubjectPublicKeyInfo KEY =
      SubjectPublicKeyInfo.getInstance(TestPki.key().getPublic().getEncoded());

  private static final KeyPurposeId ATTESTATION_KEY_USAGE =
      KeyPurposeId.getInstance(new ASN1ObjectIdentifier("2.23.133.8.3"));

  /** A certificate that breaks no rule, to be changed in one point. */
  private static final class Draft {
    BigInteger serial = BigInteger.ONE.shiftLeft(127);
    X500Name issuer = new X500Name("CN=Devices");
    X500Name subject = new X500Name("CN=C-1");
    Instant notBefore = NOW;
    Instant notAfter = ISSUER_END;

    @Nullable
    Time end;

    final Map<ASN1ObjectIdentifier, ASN1Encodable> critical = new LinkedHashMap<>();
    final Map<ASN1ObjectIdentifier, ASN1Encodable> plain = new LinkedHashMap<>();

    Draft(CertificateSubject.Kind kind) {
      boolean authority = kind == CertificateSubject.Kind.AUTHORITY;
      plain.put(
          Extension.subjectKeyIdentifier, KeyIdentifiers.utils().createSubjectKeyIdentifier(KEY));
      plain.put(Extension.authorityKeyIdentifier, new AuthorityKeyIdentifier(new byte[20]));
      critical.put(
          Extension.basicConstraints,
          authority ? new BasicConstraints(0) : new BasicConstraints(false));
      critical.put(
          Extension.keyUsage,
          new KeyUsage(
              authority ? KeyUsage.keyCertSign | KeyUsage.cRLSign : KeyUsage.digitalSignature));
      if (!authority && kind != CertificateSubject.Kind.OCSP_RESPONDER) {
        plain.put(Extension.cRLDistributionPoints, new CRLDistPoint(new DistributionPoint[] {
          new DistributionPoint(
              new DistributionPointName(new GeneralNames(url("http://pki.example/0.crl"))),
              null,
              null)
        }));
        access(AccessDescription.id_ad_ocsp, AccessDescription.id_ad_caIssuers);
      }
      if (!authority) {
        purposes(
            switch (kind) {
              case OCSP_RESPONDER -> KeyPurposeId.id_kp_OCSPSigning;
              case ATTESTATION_KEY -> ATTESTATION_KEY_USAGE;
              case REGISTRATION_AUTHORITY ->
                KeyPurposeId.getInstance(new ASN1ObjectIdentifier(Linter.CMC_RA));
              case DEVICE, ENFORCEMENT_POINT, STATION, DOCUMENT_SIGNER, SERVER, AUTHORITY ->
                KeyPurposeId.id_kp_clientAuth;
            });
      }
    }

    void purposes(KeyPurposeId... purposes) {
      plain.put(Extension.extendedKeyUsage, new ExtendedKeyUsage(purposes));
    }

    void access(ASN1ObjectIdentifier... methods) {
      plain.put(
          Extension.authorityInfoAccess,
          new AuthorityInformationAccess(Stream.of(methods)
              .map(method -> new AccessDescription(method, url("http://pki.example/")))
              .toArray(AccessDescription[]::new)));
    }

    void toCritical(ASN1ObjectIdentifier id) {
      critical.put(id, plain.remove(id));
    }

    void name(int kind, String value) {
      plain.put(Extension.subjectAlternativeName, new GeneralNames(new GeneralName(kind, value)));
    }

    TBSCertificate build() throws IOException {
      V3TBSCertificateGenerator generator = new V3TBSCertificateGenerator();
      generator.setSerialNumber(new ASN1Integer(serial));
      generator.setSignature(new AlgorithmIdentifier(X9ObjectIdentifiers.ecdsa_with_SHA256));
      generator.setIssuer(issuer);
      generator.setSubject(subject);
      generator.setStartDate(new Time(Date.from(notBefore)));
      generator.setEndDate(end == null ? new Time(Date.from(notAfter)) : end);
      generator.setSubjectPublicKeyInfo(KEY);
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      for (var entry : critical.entrySet()) {
        extensions.addExtension(entry.getKey(), true, entry.getValue());
      }
      for (var entry : plain.entrySet()) {
        extensions.addExtension(entry.getKey(), false, entry.getValue());
      }
      if (!extensions.isEmpty()) {
        generator.setExtensions(extensions.generate());
      }
      return generator.generateTBSCertificate();
    }
  }

  private static GeneralName url(String text) {
    return new GeneralName(GeneralName.uniformResourceIdentifier, text);
  }

  static Stream<Arguments> brokenRules() {
    CertificateSubject.Kind device = CertificateSubject.Kind.DEVICE;
    CertificateSubject.Kind responder = CertificateSubject.Kind.OCSP_RESPONDER;
    CertificateSubject.Kind authority = CertificateSubject.Kind.AUTHORITY;
    return Stream.of(
        rule(
            "serial not positive (RFC 5280 §4.1.2.2)",
            device,
            draft -> draft.serial = draft.serial.negate()),
        rule(
            "serial over 20 octets", device, draft -> draft.serial = BigInteger.ONE.shiftLeft(159)),
        rule("serial below 64 bits", device, draft -> draft.serial = BigInteger.ONE.shiftLeft(62)),
        rule("ends before it begins", device, draft -> draft.notBefore = draft.notAfter),
        rule(
            "outlives its issuer (law 4)",
            device,
            draft -> draft.notAfter = ISSUER_END.plusSeconds(1)),
        rule(
            "no key identifiers (RFC 5280 §4.2.1)",
            device,
            draft -> draft.plain.remove(Extension.subjectKeyIdentifier)),
        rule(
            "no key identifiers (RFC 5280 §4.2.1)",
            device,
            draft -> draft.plain.remove(Extension.authorityKeyIdentifier)),
        rule(
            "an attestation key's usage beside another, or on the wrong kind of certificate",
            device,
            draft -> draft.purposes(KeyPurposeId.id_kp_clientAuth, ATTESTATION_KEY_USAGE)),
        rule(
            "an attestation key's usage beside another, or on the wrong kind of certificate",
            CertificateSubject.Kind.ATTESTATION_KEY,
            draft -> draft.purposes(KeyPurposeId.id_kp_clientAuth, ATTESTATION_KEY_USAGE)),
        rule(
            "an attestation key's usage beside another, or on the wrong kind of certificate",
            CertificateSubject.Kind.ATTESTATION_KEY,
            draft -> draft.purposes(KeyPurposeId.id_kp_clientAuth)),
        rule("no name (RFC 5280 §4.1.2.6)", device, draft -> draft.subject = new X500Name("")),
        rule(
            "CA=true outside an authority",
            device,
            draft -> draft.critical.put(Extension.basicConstraints, new BasicConstraints(true))),
        rule(
            "key usage of an authority",
            device,
            draft -> draft.critical.put(Extension.keyUsage, new KeyUsage(KeyUsage.cRLSign))),
        rule(
            "key usage of an authority",
            device,
            draft -> draft.critical.remove(Extension.keyUsage)),
        rule(
            "no extended key usage",
            device,
            draft -> draft.plain.remove(Extension.extendedKeyUsage)),
        rule(
            "anyExtendedKeyUsage",
            device,
            draft -> draft.purposes(KeyPurposeId.anyExtendedKeyUsage)),
        rule(
            "OCSPSigning on the wrong kind of certificate",
            device,
            draft -> draft.purposes(KeyPurposeId.id_kp_OCSPSigning)),
        rule(
            "OCSPSigning on the wrong kind of certificate",
            responder,
            draft -> draft.purposes(KeyPurposeId.id_kp_clientAuth)),
        rule(
            "cmcRA on the wrong kind of certificate (law 10)",
            device,
            draft -> draft.purposes(
                KeyPurposeId.getInstance(new ASN1ObjectIdentifier("1.3.6.1.5.5.7.3.28")))),
        rule(
            "a reserved host name on a device (law 10)",
            device,
            draft -> draft.name(GeneralName.dNSName, "LocalHost")),
        rule(
            "an authority without CA=true",
            authority,
            draft -> draft.critical.put(Extension.basicConstraints, new BasicConstraints(false))),
        rule(
            "basicConstraints not critical",
            authority,
            draft -> draft.plain.put(
                Extension.basicConstraints, draft.critical.remove(Extension.basicConstraints))),
        rule(
            "an authority without keyCertSign",
            authority,
            draft -> draft.critical.put(Extension.keyUsage, new KeyUsage(KeyUsage.cRLSign))),
        rule(
            "UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5)",
            device,
            draft -> draft.end = new Time(new DERGeneralizedTime("20260502120000Z"))),
        rule(
            "a name's string is of the wrong type (RFC 5280 §4.1.2.4)",
            device,
            draft -> draft.subject = named(BCStyle.CN, new DERBMPString("C-1"))),
        rule(
            "a name's string is of the wrong type (RFC 5280 §4.1.2.4)",
            device,
            draft -> draft.subject = named(BCStyle.SERIALNUMBER, new DERUTF8String("C-1"))),
        rule(
            "a name's string is of the wrong type (RFC 5280 §4.1.2.4)",
            device,
            draft -> draft.issuer = named(BCStyle.DC, new DERUTF8String("example"))),
        rule(
            "extension 2.5.29.14 is critical (RFC 5280 §4.2)",
            device,
            draft -> draft.toCritical(Extension.subjectKeyIdentifier)),
        rule(
            "extension 2.5.29.35 is critical (RFC 5280 §4.2)",
            device,
            draft -> draft.toCritical(Extension.authorityKeyIdentifier)),
        rule(
            "extension 1.3.6.1.5.5.7.1.1 is critical (RFC 5280 §4.2)",
            device,
            draft -> draft.toCritical(Extension.authorityInfoAccess)),
        rule(
            "keyUsage not critical",
            device,
            draft ->
                draft.plain.put(Extension.keyUsage, draft.critical.remove(Extension.keyUsage))),
        rule("alternative names critical beside a subject (RFC 5280 §4.2.1.6)", device, draft -> {
          draft.name(GeneralName.dNSName, "c-1.plant.example");
          draft.toCritical(Extension.subjectAlternativeName);
        }),
        rule(
            "key usage enciphers with a key that only signs (RFC 5480 §3, RFC 8410 §5)",
            device,
            draft -> draft.critical.put(
                Extension.keyUsage,
                new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment))),
        rule(
            "the subject key identifier is another key's (RFC 5280 §4.2.1.2)",
            device,
            draft -> draft.plain.put(
                Extension.subjectKeyIdentifier, new SubjectKeyIdentifier(new byte[20]))),
        rule(
            "an alternative name is not well-formed (RFC 5280 §4.2.1.6)",
            device,
            draft -> draft.name(GeneralName.dNSName, "c..example")),
        rule(
            "an alternative name is not well-formed (RFC 5280 §4.2.1.6)",
            device,
            draft -> draft.name(GeneralName.dNSName, "-c.example")),
        rule(
            "an alternative name is not well-formed (RFC 5280 §4.2.1.6)",
            device,
            draft -> draft.name(GeneralName.uniformResourceIdentifier, "no-scheme")),
        rule(
            "an alternative name is not well-formed (RFC 5280 §4.2.1.6)",
            device,
            draft -> draft.plain.put(
                Extension.subjectAlternativeName,
                new GeneralNames(
                    new GeneralName(GeneralName.iPAddress, new DEROctetString(new byte[5]))))),
        rule(
            "no CRL distribution point",
            device,
            draft -> draft.plain.remove(Extension.cRLDistributionPoints)),
        rule(
            "no access to OCSP and to the issuer's certificate",
            device,
            draft -> draft.access(AccessDescription.id_ad_ocsp)),
        rule(
            "a name's string is empty or longer than allowed (RFC 5280 appendix A.1)",
            device,
            draft -> draft.subject = named(BCStyle.CN, new DERUTF8String("a".repeat(65)))),
        rule(
            "a name's string is empty or longer than allowed (RFC 5280 appendix A.1)",
            device,
            draft -> draft.subject = named(BCStyle.C, new DERPrintableString("DEU"))),
        rule(
            "a path length outside an authority (RFC 5280 §4.2.1.9)",
            device,
            draft -> draft.critical.put(
                Extension.basicConstraints,
                new DERSequence(new ASN1Encodable[] {ASN1Boolean.FALSE, new ASN1Integer(0)}))),
        rule(
            "extension 2.5.29.54 outside an authority (RFC 5280 §4.2.1)",
            device,
            draft -> draft.critical.put(Extension.inhibitAnyPolicy, new ASN1Integer(0))),
        rule(
            "extension 1.3.6.1.5.5.7.1.25 is critical, which others need not understand",
            device,
            draft -> draft.critical.put(
                new ASN1ObjectIdentifier("1.3.6.1.5.5.7.1.25"), new DERUTF8String("x"))),
        rule(
            "an extended key usage stands twice, or none does (RFC 5280 §4.2.1.12)",
            device,
            draft -> draft.purposes(KeyPurposeId.id_kp_clientAuth, KeyPurposeId.id_kp_clientAuth)),
        rule(
            "a certificate policy stands twice, or none does (RFC 5280 §4.2.1.4)",
            device,
            draft ->
                draft.plain.put(Extension.certificatePolicies, new DERSequence(new ASN1Encodable[] {
                  new PolicyInformation(new ASN1ObjectIdentifier("1.3.6.1.4.1.32473.1")),
                  new PolicyInformation(new ASN1ObjectIdentifier("1.3.6.1.4.1.32473.1"))
                }))));
  }

  private static X500Name named(ASN1ObjectIdentifier type, ASN1Encodable value) {
    return new X500Name(new RDN[] {new RDN(type, value)});
  }

  @Test
  void namesWhatDoesNotFitWhoSignsAndWhen() throws IOException {
    Duration day = IssuerLints.LONGEST_BACKDATING;
    Draft draft = new Draft(CertificateSubject.Kind.DEVICE);
    draft.notAfter = NOW.plus(day).plusSeconds(10);
    TBSCertificate tbs = draft.build();
    X500Name issuer = new X500Name("CN=Devices");
    byte[] key = new byte[20];
    KeyAlgorithm p256 = KeyAlgorithm.EC_P256;

    IssuerLints.check(tbs, new Expected(issuer, key, p256, NOW, false));
    IssuerLints.check(tbs, new Expected(issuer, key, p256, NOW.plus(day), false));
    assertNames(
        "the issuer is not written",
        tbs,
        new Expected(new X500Name("CN=devices"), key, p256, NOW, false));
    assertNames(
        "the authority key identifier is another key's",
        tbs,
        new Expected(issuer, new byte[] {1}, p256, NOW, false));
    assertNames(
        "the signature's algorithm",
        tbs,
        new Expected(issuer, key, KeyAlgorithm.ED25519, NOW, false));
    assertNames(
        "begins more than 24 hours ago",
        tbs,
        new Expected(issuer, key, p256, NOW.plus(day).plusSeconds(2), false));
    assertNames(
        "begins in the future", tbs, new Expected(issuer, key, p256, NOW.minusSeconds(1), false));
    draft.notAfter = NOW.plusSeconds(60);
    assertNames(
        "has ended before it is signed",
        draft.build(),
        new Expected(issuer, key, p256, NOW.plusSeconds(60), false));
    assertNames("not exactly one serialNumber", tbs, new Expected(issuer, key, p256, NOW, true));
  }

  private static void assertNames(String fault, TBSCertificate tbs, Expected expected) {
    Refusal refusal = assertThrows(Refusal.class, () -> IssuerLints.check(tbs, expected));
    assertTrue(refusal.detail().startsWith("Not signed: " + fault), refusal.detail());
  }

  @Test
  void namesWhatIsNotInDer() throws IOException {
    TBSCertificate tbs = new Draft(CertificateSubject.Kind.DEVICE).build();
    // BER: the same content behind an indefinite length.
    ASN1EncodableVector elements = new ASN1EncodableVector();
    ASN1Sequence.getInstance(tbs.toASN1Primitive()).forEach(elements::add);
    Der indefinite = Der.of(new BERSequence(elements).getEncoded());

    Refusal refusal = assertThrows(
        Refusal.class,
        () -> Linter.check(indefinite, CertificateSubject.Kind.DEVICE, ISSUER_END, true));

    assertEquals("Not signed: not in DER (RFC 5280 §4.1).", refusal.detail());
  }

  @Test
  void namesACertificateWithoutTheStatusThatItsProfileAsksFor() throws IOException {
    Draft draft = new Draft(CertificateSubject.Kind.DEVICE);
    draft.plain.remove(Extension.cRLDistributionPoints);
    draft.plain.remove(Extension.authorityInfoAccess);
    Der tbs = Der.of(draft.build().getEncoded("DER"));

    Refusal refusal = assertThrows(
        Refusal.class, () -> Linter.check(tbs, CertificateSubject.Kind.DEVICE, ISSUER_END, true));

    assertEquals("Not signed: no CRL distribution point.", refusal.detail());
    assertDoesNotThrow(() -> Linter.check(tbs, CertificateSubject.Kind.DEVICE, ISSUER_END, false));
  }

  @Test
  void namesAnExtensionThatStandsTwice() throws IOException {
    TBSCertificate tbs = new Draft(CertificateSubject.Kind.DEVICE).build();
    ASN1EncodableVector twice = new ASN1EncodableVector();
    for (ASN1ObjectIdentifier id : tbs.getExtensions().getExtensionOIDs()) {
      twice.add(tbs.getExtensions().getExtension(id));
    }
    twice.add(tbs.getExtensions().getExtension(Extension.keyUsage));
    ASN1Encodable[] elements = ASN1Sequence.getInstance(tbs.toASN1Primitive()).toArray();
    elements[elements.length - 1] = new DERTaggedObject(true, 3, new DERSequence(twice));
    Der repeated = Der.of(new DERSequence(elements).getEncoded("DER"));

    Refusal refusal = assertThrows(
        Refusal.class,
        () -> Linter.check(repeated, CertificateSubject.Kind.DEVICE, ISSUER_END, true));

    assertEquals("Not signed: the TBSCertificate cannot be read.", refusal.detail());
  }

  private static Arguments rule(
      String fault, CertificateSubject.Kind kind, Consumer<Draft> change) {
    return Arguments.of(fault, kind, change);
  }

  @ParameterizedTest(name = "{1}: {0}")
  @MethodSource("brokenRules")
  void namesTheRuleThatIsBrokenAndNoOther(
      String fault, CertificateSubject.Kind kind, Consumer<Draft> change) throws IOException {
    Draft draft = new Draft(kind);
    change.accept(draft);
    TBSCertificate tbs = draft.build();

    Refusal refusal = assertThrows(Refusal.class, () -> Linter.check(tbs, kind, ISSUER_END));

    assertEquals(PkiProblem.LINT, refusal.problem());
    assertEquals("Not signed: " + fault + ".", refusal.detail());
  }

  @Test
  void namesACertificateThatHasNoExtensions() throws IOException {
    Draft draft = new Draft(CertificateSubject.Kind.DEVICE);
    draft.critical.clear();
    draft.plain.clear();
    TBSCertificate tbs = draft.build();

    Refusal refusal = assertThrows(
        Refusal.class, () -> Linter.check(tbs, CertificateSubject.Kind.DEVICE, ISSUER_END));

    assertEquals(
        "Not signed: no key identifiers (RFC 5280 §4.2.1); no extensions (RFC 5280 §4.2).",
        refusal.detail());
  }

  @Test
  void namesACertificateOfVersionOne() throws IOException {
    Draft draft = new Draft(CertificateSubject.Kind.DEVICE);
    draft.critical.clear();
    draft.plain.clear();
    ASN1Encodable[] elements =
        ASN1Sequence.getInstance(draft.build().toASN1Primitive()).toArray();
    // The version comes first and is left out for 1 (RFC 5280 §4.1.2.1).
    TBSCertificate tbs = TBSCertificate.getInstance(
        new DERSequence(Arrays.copyOfRange(elements, 1, elements.length)));

    Refusal refusal = assertThrows(
        Refusal.class, () -> Linter.check(tbs, CertificateSubject.Kind.DEVICE, ISSUER_END));

    assertTrue(refusal.detail().startsWith("Not signed: not version 3; "), refusal.detail());
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void letsPassWhatBreaksNoRule(CertificateSubject.Kind kind) throws IOException {
    TBSCertificate tbs = new Draft(kind).build();

    assertDoesNotThrow(() -> Linter.check(tbs, kind, ISSUER_END));
  }

  static Stream<CertificateSubject.Kind> kinds() {
    return Stream.of(CertificateSubject.Kind.values());
  }
}

package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Refusal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class CertificateProfileDocumentTest {
  static final List<String> READY = FixedProfiles.READY;

  @ParameterizedTest
  @FieldSource("READY")
  void readyProfilesAreRead(String name) {
    CertificateProfile profile = new FixedProfiles().ready(name).orElseThrow().profile();

    assertEquals(name, profile.name());
    assertEquals(Authorities.DEVICES, profile.authority());
  }

  @Test
  void whatIsLeftOutIsUsual() {
    CertificateProfile profile = read("""
        subject: [{serialNumber: "${hardware.serialNumber}"}]
        extendedKeyUsages: [clientAuth]
        """);

    assertEquals(Duration.ofDays(90), profile.validity());
    assertEquals(Duration.ofMinutes(10), profile.backdating());
    assertTrue(profile.revocationPointers());
    assertEquals(List.of("1.3.6.1.5.5.7.3.2"), profile.extendedKeyUsages());
    assertEquals(EnrollmentTerms.DEFAULT, profile.enrollment());
  }

  @Test
  void enrollmentTermsAreRead() {
    CertificateProfile profile = read("""
        subject: [{serialNumber: "${hardware.serialNumber}"}]
        extendedKeyUsages: [clientAuth]
        enrollment:
          authentication: both
          approval: manual
          channelBinding: required
          requestTemplate: template
          renewal: {window: P30D, grace: P7D, predecessor: revoke}
        """);

    assertEquals(
        new EnrollmentTerms(
            EnrollmentTerms.Authentication.BOTH,
            EnrollmentTerms.Approval.MANUAL,
            true,
            false,
            EnrollmentTerms.RequestTemplate.TEMPLATE,
            Duration.ofDays(30),
            Duration.ofDays(7),
            EnrollmentTerms.Predecessor.REVOKE),
        profile.enrollment());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "validity: 90 | spec.validity must be an ISO 8601 duration",
        "validity: PT1M | spec.validity must lie between",
        "validity: P99999D | spec.validity must lie between",
        "backdating: P2D | spec.backdating must lie between",
        "keys: [ec-p521] | spec.keys: \"ec-p521\" is none of",
        "keys: [~] | spec.keys has an empty entry.",
        "keyUsages: [keyCertSign] | spec.keyUsages: \"keyCertSign\" is none of",
        "policies: [1.2.x] | spec.policies: \"1.2.x\" is no word",
        "mudUrl: http://mud.example/x | spec.mudUrl must begin with https://",
        "mudUrl: https://mud.example/${hardware.model | has a variable that is not closed",
        "alternativeNames: [{dns: \"${host}\"}] | \"${host}\" is no variable",
        "alternativeNames: [{email: a@b}] | spec.alternativeNames: each entry is a dns",
        "alternativeNames: [{dns: a.example, uri: urn:a}] | spec.alternativeNames: each entry is a dns",
        "alternativeNames: [{hardwareModuleName: x}] | spec.alternativeNames: each entry is a dns",
        "alternativeNames: [{dns: a.example, type: 1.2.3}] | spec.alternativeNames: each entry is a dns",
        "enrollment: {authentication: password} | spec.enrollment.authentication must be one of either, certificate, token, both.",
        "enrollment: {approval: MANUAL} | spec.enrollment.approval must be one of none, manual.",
        "enrollment: {channelBinding: true} | spec.enrollment.channelBinding must be one of none, required.",
        "enrollment: {requestTemplate: rfc9908} | spec.enrollment.requestTemplate must be one of none, attributes, template.",
        "enrollment: {renewal: {window: P91D}} | spec.enrollment.renewal.window must lie between",
        "enrollment: {renewal: {grace: P400D}} | spec.enrollment.renewal.grace must lie between",
        "enrollment: {renewal: {predecessor: keep}} | spec.enrollment.renewal.predecessor must be one of supersede, revoke.",
        "enrollment: {approval: manual, serverKeyGeneration: true} | do not go together",
        "enrollment: {grace: P1D} | unknown field \"grace\".",
        "colour: red | unknown field \"colour\".",
      })
  void refusesWithASentence(String field, String sentence) {
    Refusal refusal = assertThrows(Refusal.class, () -> read("""
        subject: [{serialNumber: "${hardware.serialNumber}"}]
        extendedKeyUsages: [clientAuth]
        """ + field));

    assertEquals(PkiProblem.INVALID_CERTIFICATE_PROFILE, refusal.problem());
    assertTrue(refusal.detail().contains(sentence), refusal.detail());
  }

  @ParameterizedTest
  @CsvSource({
    "anyExtendedKeyUsage, 2.5.29.37.0",
    "OCSPSigning, 1.3.6.1.5.5.7.3.9",
    "cmcRA, 1.3.6.1.5.5.7.3.28",
    "cmcCA, 1.3.6.1.5.5.7.3.27",
    "codeSigning, 1.3.6.1.5.5.7.3.3",
    "an attestation key, 2.23.133.8.3"
  })
  void noDeviceMay(String what, String purpose) {
    Refusal refusal = assertThrows(Refusal.class, () -> read("""
        subject: [{serialNumber: "${hardware.serialNumber}"}]
        extendedKeyUsages: [clientAuth, %s]
        """.formatted(purpose)));

    assertTrue(refusal.detail().contains("is not for devices"), refusal.detail());
  }

  @ParameterizedTest
  @CsvSource({"server", "ocsp-responder", "simpleenroll", "cacerts"})
  void namesOfTheServersOwnAreReserved(String name) {
    Refusal refusal =
        assertThrows(Refusal.class, () -> CertificateProfileDocument.read("""
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec: {}
        """.formatted(name)));

    assertTrue(refusal.detail().contains("is reserved"), refusal.detail());
  }

  @Test
  void aSubjectWithoutSerialNumberIsNoDevices() {
    Refusal refusal = assertThrows(Refusal.class, () -> read("""
        subject: [{CN: "${name}"}]
        extendedKeyUsages: [clientAuth]
        """));

    assertTrue(refusal.detail().contains("802.1AR"), refusal.detail());
  }

  @Test
  void aTemplateIsFilledOnce() {
    Template template = new Template("${name}-${device.labels.line}");

    assertEquals(
        Optional.of("${name}-$1"),
        template.fill(variable -> Optional.of(variable.equals("name") ? "${name}" : "$1")));
    assertEquals(Optional.empty(), template.fill(variable -> Optional.empty()));
  }

  private static CertificateProfile read(String spec) {
    return CertificateProfileDocument.read("""
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: test}
        spec:
        """ + spec.indent(2));
  }
}

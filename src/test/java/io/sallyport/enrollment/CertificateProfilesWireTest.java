package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.Wire;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x509.Certificate;
import org.bouncycastle.asn1.x509.Extensions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
class CertificateProfilesWireTest extends ServerTest {
  private static @Nullable Plant opened;

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (opened == null) {
      opened = Plant.open(wire, "certificate-profiles");
      wire.document("/api/v1/profiles/" + opened.name(), """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: certificate-profiles}
          spec:
            certificateProfiles:
              [device, device-server, eap-tls, ipsec, mqtt, opc-ua, web-server,
               cp-whole, cp-changed, cp-label, cp-host, cp-narrow]
          """);
    }
    plant = opened;
  }

  @AfterAll
  static void closePlant() {
    if (opened != null) {
      opened.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "device, ec, digitalSignature, 1.3.6.1.5.5.7.3.2",
    "device-server, rsa, digitalSignature+keyEncipherment, 1.3.6.1.5.5.7.3.2+1.3.6.1.5.5.7.3.1",
    "eap-tls, ec, digitalSignature, 1.3.6.1.5.5.7.3.2+1.3.6.1.5.5.7.3.14",
    "ipsec, ec, digitalSignature+nonRepudiation,"
        + " 1.3.6.1.5.5.7.3.17+1.3.6.1.5.5.7.3.2+1.3.6.1.5.5.7.3.1",
    "mqtt, ec, digitalSignature, 1.3.6.1.5.5.7.3.2",
    "opc-ua, rsa, digitalSignature+nonRepudiation+keyEncipherment+dataEncipherment,"
        + " 1.3.6.1.5.5.7.3.2+1.3.6.1.5.5.7.3.1"
  })
  void readyProfilesCertifyWhatTheirProtocolNeeds(
      String profile, String kind, String usages, String purposes, @TempDir Path folder)
      throws Exception {
    Peers.need("openssl", "certtool", "pki");
    Unit unit = plant.registered("CP-" + profile);
    X509Certificate certificate =
        issued(enroll(unit, profile, kind.equals("rsa") ? TestPki.rsa(2048) : TestPki.key()));

    List<String> bits = new ArrayList<>();
    String[] words = {"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment"};
    for (int bit = 0; bit < certificate.getKeyUsage().length; bit++) {
      if (certificate.getKeyUsage()[bit]) {
        bits.add(words[bit]);
      }
    }
    assertEquals(usages, String.join("+", bits));
    assertEquals(purposes, String.join("+", certificate.getExtendedKeyUsage()));
    verified(folder, certificate);
  }

  @Test
  void aWebServerNeedsAHostName() {
    Unit unit = plant.registered("CP-web");

    Answer refused = enroll(unit, "web-server", TestPki.key()).expect(403);

    assertTrue(refused.text().contains("order it by ACME"), refused.text());
  }

  @Test
  void aDocumentDecidesWhatTheCertificateSays(@TempDir Path folder) throws Exception {
    Peers.need("openssl", "certtool", "pki");
    apply("cp-whole", """
        validity: P3D
        backdating: PT1H
        keys: [ec-p256]
        subject:
          - C: SE
          - O: "${device.owner}"
          - OU: "${hardware.model} of ${device.site}"
          - serialNumber: "${hardware.serialNumber}"
        alternativeNames:
          - uri: "urn:model:${hardware.manufacturer}/${hardware.model}"
          - permanentIdentifier: "${hardware.serialNumber}"
          - hardwareModuleName: "${hardware.serialNumber}"
            type: 1.3.6.1.4.1.32473.5
        extendedKeyUsages: [clientAuth, 1.3.6.1.4.1.32473.6]
        policies: [1.3.6.1.4.1.32473.1.1]
        mudUrl: "https://mud.plant.example/${hardware.model}.json"
        revocationPointers: false
        """).expect(200);
    Unit unit = plant.registered("CP-whole-1");

    X509Certificate certificate = issued(enroll(unit, "cp-whole", TestPki.key()));

    assertEquals(
        "C=SE,O=operations,OU=C1 of plant-1,SERIALNUMBER=CP-whole-1",
        org.bouncycastle.asn1.x500.X500Name.getInstance(
                certificate.getSubjectX500Principal().getEncoded())
            .toString());
    long seconds =
        (certificate.getNotAfter().getTime() - certificate.getNotBefore().getTime()) / 1000;
    assertEquals(3 * 86_400 + 3600, seconds);
    Extensions extensions =
        Certificate.getInstance(certificate.getEncoded()).getTBSCertificate().getExtensions();
    assertEquals(
        "https://mud.plant.example/C1.json",
        ASN1IA5String.getInstance(
                extensions.getExtensionParsedValue(new ASN1ObjectIdentifier("1.3.6.1.5.5.7.1.25")))
            .getString());
    assertEquals(null, certificate.getExtensionValue("2.5.29.31"));
    assertEquals(null, certificate.getExtensionValue("1.3.6.1.5.5.7.1.1"));
    String text = verified(folder, certificate);
    assertTrue(text.contains("Policy: 1.3.6.1.4.1.32473.1.1"), text);
    assertTrue(text.contains("URI:urn:model:certificate-profiles%20works/C1"), text);
    assertTrue(text.contains("othername: 1.3.6.1.5.5.7.8.4") || text.contains("othername"), text);

    // The names go with the device through a renewal, what was left out of the request too.
    Answer renewed = Answer.of(wire.est(
        "cp-whole/simplereenroll",
        new TestPki.Identity(lastKeys, List.of(certificate)),
        null,
        TestPki.request(
            TestPki.key(),
            org.bouncycastle.asn1.x500.X500Name.getInstance(
                    certificate.getSubjectX500Principal().getEncoded())
                .toString(),
            null)));
    assertArrayEquals(
        certificate.getExtensionValue("2.5.29.17"), issued(renewed).getExtensionValue("2.5.29.17"));
  }

  @Test
  void aKeyOfAnotherKindIsRefused() {
    apply("cp-narrow", """
        keys: [rsa-3072, ec-p384]
        subject: [{serialNumber: "${hardware.serialNumber}"}]
        extendedKeyUsages: [clientAuth]
        """).expect(200);
    Unit unit = plant.registered("CP-narrow");

    Answer refused = enroll(unit, "cp-narrow", TestPki.key()).expect(400);
    assertTrue(refused.text().contains("ec-p384, rsa-3072"), refused.text());
    assertEquals(
        "key-kind-not-allowed",
        plant.fact(unit.id(), "enrollment.refused").at("/detail/problem").asText());
    enroll(unit, "cp-narrow", TestPki.rsa(2048)).expect(400);
    issued(enroll(unit, "cp-narrow", TestPki.rsa(3072)));
  }

  @Test
  void aLabelThatTheDeviceLacksIsNamed() {
    apply("cp-label", """
        subject:
          - serialNumber: "${hardware.serialNumber}"
          - CN: "${device.labels.line}"
        extendedKeyUsages: [clientAuth]
        """).expect(200);

    Answer refused =
        enroll(plant.registered("CP-label"), "cp-label", TestPki.key()).expect(403);

    assertTrue(refused.text().contains("${device.labels.line}"), refused.text());
  }

  @Test
  void aHostNameOfTheServersOwnIsNoDevices() {
    apply("cp-host", """
        subject: [{serialNumber: "${hardware.serialNumber}"}]
        alternativeNames: [{dns: "device-front.sallyport.test"}]
        extendedKeyUsages: [serverAuth]
        """).expect(200);

    Answer refused =
        enroll(plant.registered("CP-host"), "cp-host", TestPki.key()).expect(422);

    assertTrue(refused.text().contains("reserved"), refused.text());
  }

  @Test
  void anAppliedDocumentCountsAtOnceAndIsForgottenWhenRemoved() {
    String spec = """
        subject: [{serialNumber: "${hardware.serialNumber}"}, {OU: "%s"}]
        extendedKeyUsages: [clientAuth]
        """;
    apply("cp-changed", spec.formatted("one")).expect(200);
    Unit unit = plant.registered("CP-changed");
    String first = issued(enroll(unit, "cp-changed", TestPki.key()))
        .getSubjectX500Principal()
        .getName();
    apply("cp-changed", spec.formatted("two")).expect(200);
    String second = issued(enroll(unit, "cp-changed", TestPki.key()))
        .getSubjectX500Principal()
        .getName();

    assertNotEquals(first, second);
    assertTrue(second.contains("OU=two"), second);
    plant.person("DELETE", "/api/v1/certificate-profiles/cp-changed", null).expect(204);
    enroll(unit, "cp-changed", TestPki.key()).expect(404);
    plant.person("DELETE", "/api/v1/certificate-profiles/cp-changed", null).expect(404);
    plant.fact("cp-changed", "certificate-profile.removed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "issuer: nobody | no authority \"nobody\" is here",
        "issuer: root | does not certify devices",
        "issuer: internal | does not certify devices",
        "validity: P7000D | no certificate outlives its issuer"
      })
  void aProfileThatContradictsItsIssuerIsRefused(String field, String sentence) {
    Answer refused = apply("cp-wrong", """
        subject: [{serialNumber: "${hardware.serialNumber}"}]
        extendedKeyUsages: [clientAuth]
        """ + field).expect(422);

    assertTrue(refused.json().get("detail").asText().contains(sentence), refused.text());
  }

  @Test
  void theReadyOnesAreListedWithTheirDocuments() {
    JsonNode shown = plant
        .person("GET", "/api/v1/certificate-profiles/opc-ua", null)
        .expect(200)
        .json();

    assertEquals("ready", shown.get("origin").asText());
    assertTrue(shown.get("document").asText().contains("kind: CertificateProfile"));
    plant.person("GET", "/api/v1/certificate-profiles/none", null).expect(404);
    apply("server", "extendedKeyUsages: [clientAuth]").expect(422);
  }

  private Answer apply(String name, String spec) {
    String yaml = """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
        """.formatted(name) + spec.indent(2);
    return Answer.of(wire.send(
        null,
        wire.person("/api/v1/certificate-profiles/" + name)
            .header("Content-Type", "application/yaml")
            .PUT(BodyPublishers.ofString(yaml))
            .build()));
  }

  @SuppressWarnings("NullAway.Init")
  private KeyPair lastKeys;

  private Answer enroll(Unit unit, String profile, KeyPair keys) {
    lastKeys = keys;
    HttpResponse<byte[]> answer =
        wire.est(profile + "/simpleenroll", unit.idevid(), null, TestPki.request(keys, "", null));
    return Answer.of(answer);
  }

  private static X509Certificate issued(Answer answer) {
    return Wire.certificates(answer.expect(200).body()).getFirst();
  }

  /** By three readers of certificates; answers what openssl shows. */
  private String verified(Path folder, X509Certificate certificate) throws Exception {
    Files.writeString(folder.resolve("leaf.pem"), TestPki.pem(certificate));
    StringBuilder issuer = new StringBuilder();
    HttpResponse<byte[]> issuers =
        wire.send(null, wire.device("/.well-known/est/cacerts").GET().build());
    for (X509Certificate one : Wire.certificates(issuers.body())) {
      if (!one.equals(wire.root())) {
        issuer.append(TestPki.pem(one));
      }
    }
    Files.writeString(folder.resolve("issuer.pem"), issuer);
    Files.writeString(folder.resolve("root.pem"), TestPki.pem(wire.root()));
    Files.writeString(
        folder.resolve("chain.pem"),
        TestPki.pem(certificate) + issuer + TestPki.pem(wire.root()),
        StandardCharsets.US_ASCII);
    Peers.run(
            folder,
            "openssl",
            "verify",
            "-x509_strict",
            "-CAfile",
            "root.pem",
            "-untrusted",
            "issuer.pem",
            "leaf.pem")
        .orFail();
    Peers.run(
            folder,
            "certtool",
            "--verify",
            "--load-ca-certificate",
            "root.pem",
            "--infile",
            "chain.pem")
        .orFail();
    Peers.run(
            folder,
            "pki",
            "--verify",
            "--in",
            "leaf.pem",
            "--cacert",
            "issuer.pem",
            "--cacert",
            "root.pem")
        .orFail();
    return Peers.run(folder, "openssl", "x509", "-in", "leaf.pem", "-noout", "-text")
        .orFail();
  }
}

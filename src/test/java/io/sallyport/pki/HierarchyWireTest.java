package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Plant;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.Wire;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Authorities that are made while the server runs, before readers that others wrote. */
@QuarkusTest
class HierarchyWireTest extends ServerTest {
  private static @Nullable Plant opened;

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (opened == null) {
      opened = Plant.open(wire, "hierarchy");
    }
    plant = opened;
  }

  @AfterAll
  static void closePlant() {
    if (opened != null) {
      opened.close();
    }
  }

  private Answer create(String name, @Nullable String issuer, String subject, Object... more) {
    Map<String, Object> body = new TreeMap<>();
    body.put("name", name);
    body.put("subject", subject);
    if (issuer != null) {
      body.put("issuer", issuer);
    }
    for (int i = 0; i < more.length; i += 2) {
      body.put(more[i].toString(), more[i + 1]);
    }
    return plant.person("POST", "/api/v1/authorities", body);
  }

  private JsonNode made(String name, @Nullable String issuer, String subject, Object... more) {
    return create(name, issuer, subject, more).expect(201).json();
  }

  /** A certificate profile of this name under this issuer, for the plant's devices. */
  private void profile(String name, String issuer, String spec) {
    wire.document(
        "/api/v1/certificate-profiles/" + name, """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          issuer: %s
        """.formatted(name, issuer) + spec.indent(2));
    wire.document("/api/v1/profiles/" + name, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec:
          certificateProfiles: [%s]
        """.formatted(name, name));
  }

  private static final String SUBJECT = """
      extendedKeyUsages: [clientAuth]
      subject:
        - O: Hier
        - serialNumber: "${hardware.serialNumber}"
      """;

  private Answer enroll(String profile, String serialNumber, KeyPair keys) {
    Identity idevid = plant.manufacturer().idevid(serialNumber);
    return Answer.of(wire.est(
        profile + "/simpleenroll",
        idevid,
        null,
        TestPki.request(keys, "CN=" + serialNumber, null)));
  }

  private X509Certificate enrolled(String profile, String serialNumber) {
    wire.register(plant.manufacturer(), serialNumber, profile);
    return Wire.certificates(
            enroll(profile, serialNumber, TestPki.key()).expect(200).body())
        .getFirst();
  }

  private static void write(Path folder, String file, X509Certificate... certificates)
      throws Exception {
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : certificates) {
      text.append(TestPki.pem(certificate));
    }
    Files.writeString(folder.resolve(file), text);
  }

  @Test
  void aChainOfFourWorksAtEveryDoor(@TempDir Path folder) throws Exception {
    Peers.need("openssl", "certtool", "pki");
    made("hier-root", null, "O=Hier,CN=Hier Root", "key", "ec-p384");
    made(
        "hier-middle",
        "hier-root",
        "O=Hier,CN=Hier Middle",
        "key",
        "rsa-3072",
        "path_length",
        1,
        "policies",
        List.of("1.3.6.1.4.1.32473.1.1"));
    JsonNode issuing = made(
        "hier-issuing",
        "hier-middle",
        "O=Hier,CN=Hier Issuing",
        "permitted",
        List.of("dn:O=Hier", "dns:hier.example"),
        "excluded",
        List.of("dns:secret.hier.example"),
        "policies",
        List.of("1.3.6.1.4.1.32473.1.1"));
    assertEquals("active", issuing.get("status").asText());
    assertEquals(0, issuing.get("path_length").asInt());
    assertEquals("dn:O=Hier", issuing.at("/permitted/0").asText());
    profile("hier-good", "hier-issuing", SUBJECT + """
        alternativeNames:
          - dns: "${hardware.serialNumber}.hier.example"
        policies: [1.3.6.1.4.1.32473.1.1]
        """);

    X509Certificate leaf = enrolled("hier-good", "hier-1");

    StatusClient status = new StatusClient(wire);
    X509Certificate root = status.authority("hier-root");
    X509Certificate middle = status.authority("hier-middle");
    X509Certificate issuer = status.authority("hier-issuing");
    List<X509Certificate> bundle = Wire.certificates(
        plant.get(null, "/.well-known/est/hier-good/cacerts").expect(200).body());
    assertEquals(
        List.of(issuer, middle, root).stream()
            .sorted(HierarchyWireTest::bySubject)
            .toList(),
        bundle.stream().sorted(HierarchyWireTest::bySubject).toList());
    write(folder, "leaf.pem", leaf);
    write(folder, "root.pem", root);
    write(folder, "middle.pem", middle);
    write(folder, "issuer.pem", issuer);
    write(folder, "between.pem", issuer, middle);
    write(folder, "chain.pem", leaf, issuer, middle, root);
    BigInteger serial = leaf.getSerialNumber();
    X509CRL list = list(status, StatusClient.list("hier-issuing", serial));
    StringBuilder lists = new StringBuilder();
    for (X509CRL one : List.of(
        list, list(status, "/crl/hier-middle/0.crl"), list(status, "/crl/hier-root/0.crl"))) {
      lists.append(TestPki.pem("X509 CRL", one.getEncoded()));
    }
    Files.writeString(folder.resolve("lists.pem"), lists);
    Files.write(folder.resolve("list.crl"), list.getEncoded());

    Peers.run(
            folder,
            "openssl",
            "verify",
            "-x509_strict",
            "-policy_check",
            "-explicit_policy",
            "-policy",
            "1.3.6.1.4.1.32473.1.1",
            "-crl_check_all",
            "-CRLfile",
            "lists.pem",
            "-CAfile",
            "root.pem",
            "-untrusted",
            "between.pem",
            "leaf.pem")
        .orFail();
    String gnutls = Peers.run(
            folder,
            "certtool",
            "--verify",
            "--load-ca-certificate",
            "root.pem",
            "--infile",
            "chain.pem")
        .orFail();
    assertTrue(gnutls.contains("The certificate is trusted."), gnutls);
    // Its reader of OpenSSL's knows no name constraints; its own does.
    Path conf = Files.writeString(
        folder.resolve("strongswan.conf"),
        "pki {\n  load = random nonce x509 revocation constraints pubkey pkcs1 pem openssl\n}\n");
    String strongswan = Peers.run(
            folder,
            Map.of("STRONGSWAN_CONF", conf.toString()),
            "pki",
            "--verify",
            "--in",
            "leaf.pem",
            "--cacert",
            "issuer.pem",
            "--cacert",
            "middle.pem",
            "--cacert",
            "root.pem",
            "--crl",
            "list.crl")
        .orFail();
    assertTrue(strongswan.contains("certificate trusted"), strongswan);
    String ocsp = Peers.run(
            folder,
            "openssl",
            "ocsp",
            "-issuer",
            "issuer.pem",
            "-cert",
            "leaf.pem",
            "-url",
            wire.status() + "/ocsp",
            "-CAfile",
            "root.pem",
            "-verify_other",
            "between.pem",
            "-no_nonce")
        .orFail();
    assertTrue(ocsp.contains("leaf.pem: good"), ocsp);
    assertTrue(ocsp.contains("Response verify OK"), ocsp);
    assertNull(status(status, middle, issuer.getSerialNumber()).getCertStatus(), "good");
  }

  private static int bySubject(X509Certificate one, X509Certificate other) {
    return one.getSubjectX500Principal()
        .getName()
        .compareTo(other.getSubjectX500Principal().getName());
  }

  private static SingleResp status(StatusClient client, X509Certificate issuer, BigInteger serial) {
    CertificateID id = StatusClient.id(StatusClient.SHA_1, issuer, serial);
    SingleResp answer = StatusClient.basic(
            client.post(StatusClient.request(StatusClient.SHA_1, issuer, null, serial)))
        .getResponses()[0];
    assertEquals(id, answer.getCertID());
    return answer;
  }

  /** The lists of a new authority come within moments. */
  private static X509CRL list(StatusClient status, String path) {
    Patience.untilTrue("the list " + path, () -> status.get(path).statusCode() == 200);
    return status.crlAt(path);
  }

  @Test
  void aDeviceUnderANewAuthorityIsKnown() {
    made("hier-doors", "root", "CN=Hier Doors");
    profile("hier-doors", "hier-doors", SUBJECT);
    wire.register(plant.manufacturer(), "hier-doors-1", "hier-doors");
    KeyPair keys = TestPki.key();
    Identity identity = new Identity(
        keys,
        Wire.certificates(enroll("hier-doors", "hier-doors-1", keys).expect(200).body()));

    plant
        .post(
            identity,
            "/attest/v1/challenges",
            "application/json",
            java.net.http.HttpRequest.BodyPublishers.ofString("{}"))
        .expect(201);
    Answer renewed = Answer.of(wire.est(
            "hier-doors/simplereenroll",
            identity,
            null,
            TestPki.request(
                TestPki.key(),
                org.bouncycastle.asn1.x500.X500Name.getInstance(
                        identity.certificate().getSubjectX500Principal().getEncoded())
                    .toString(),
                null)))
        .expect(200);
    assertEquals(
        identity.certificate().getIssuerX500Principal(),
        Wire.certificates(renewed.body()).getFirst().getIssuerX500Principal());
  }

  @Test
  void aNameOutsideTheConstraintsIsRefused() {
    made(
        "hier-narrow",
        "root",
        "O=Hier,CN=Hier Narrow",
        "permitted",
        List.of("dns:hier.example", "dn:O=Hier"),
        "excluded",
        List.of("dns:secret.hier.example"));
    profile("hier-outside", "hier-narrow", SUBJECT + """
        alternativeNames: [{dns: "${hardware.serialNumber}.other.example"}]
        """);
    profile("hier-excluded", "hier-narrow", SUBJECT + """
        alternativeNames: [{dns: "${hardware.serialNumber}.secret.hier.example"}]
        """);
    profile("hier-subject", "hier-narrow", """
        extendedKeyUsages: [clientAuth]
        subject: [{O: Others}, {serialNumber: "${hardware.serialNumber}"}]
        """);
    profile("hier-inside", "hier-narrow", SUBJECT + """
        alternativeNames: [{dns: "${hardware.serialNumber}.hier.example"}]
        """);

    for (String profile : List.of("hier-outside", "hier-excluded", "hier-subject")) {
      wire.register(plant.manufacturer(), profile + "-1", profile);
      Answer refused = enroll(profile, profile + "-1", TestPki.key()).expect(403);
      assertTrue(refused.text().contains("name constraints"), refused.text());
    }
    enrolled("hier-inside", "hier-inside-1");
    new StatusClient(wire).authority("hier-narrow");
  }

  /** Whoever checks the answer checks the responder's name too. */
  @Test
  void theResponderOfABoundAuthorityIsWithinItsBounds(@TempDir Path folder) throws Exception {
    Peers.need("openssl");
    made(
        "hier-bound",
        "root",
        "O=Hier,OU=Bound,CN=Hier Bound",
        "permitted",
        List.of("dn:O=Hier,OU=Bound"));
    profile("hier-bound", "hier-bound", """
        extendedKeyUsages: [clientAuth]
        subject: [{O: Hier}, {OU: Bound}, {serialNumber: "${hardware.serialNumber}"}]
        """);
    X509Certificate leaf = enrolled("hier-bound", "hier-bound-1");
    write(folder, "leaf.pem", leaf);
    write(folder, "issuer.pem", new StatusClient(wire).authority("hier-bound"));
    write(folder, "root.pem", wire.root());

    String ocsp = Peers.run(
            folder,
            "openssl",
            "ocsp",
            "-issuer",
            "issuer.pem",
            "-cert",
            "leaf.pem",
            "-url",
            wire.status() + "/ocsp",
            "-CAfile",
            "root.pem",
            "-verify_other",
            "issuer.pem")
        .orFail();

    assertTrue(ocsp.contains("Response verify OK"), ocsp);
  }

  @Test
  void whatTheIssuerDoesNotPermitIsNotMade() {
    made("hier-short", null, "O=Hier,CN=Hier Short", "validity", "P10D", "path_length", 1);
    made(
        "hier-policed",
        "hier-short",
        "O=Hier,CN=Hier Policed",
        "validity",
        "P5D",
        "policies",
        List.of("1.3.6.1.4.1.32473.1.1"),
        "permitted",
        List.of("dn:O=Hier"));

    refused("outlives", create("hier-no", "hier-short", "CN=No", "validity", "P11D"));
    refused(
        "authorities may follow",
        create("hier-no", "hier-short", "CN=No", "validity", "P1D", "path_length", 1));
    refused("path length 0", create("hier-no", "hier-policed", "O=Hier,CN=No", "validity", "P1D"));
    refused("path length 0", create("hier-no", "devices", "CN=No", "validity", "P1D"));
    refused("distinguished name", create("hier-no", "root", "nonsense"));
    refused("letter", create("Hier No", "root", "CN=No"));
    create("hier-no", "hier-nowhere", "CN=No").expect(404);
    create("hier-no", "root", "CN=No", "key", "rsa-1024").expect(400);
    create("hier-no", "root", "CN=No", "permitted", List.of("mail:a@b")).expect(400);
    create("hier-no", "root", "CN=No", "permitted", List.of("ip:10.0.0.1/8")).expect(400);
    create("hier-no", "root", "CN=No", "path_length", 99).expect(400);
    plant.person("GET", "/api/v1/authorities/hier-no", null).expect(404);
  }

  private static void refused(String because, Answer answer) {
    assertTrue(answer.expect(422).text().contains(because), answer.text());
  }

  @Test
  void theSamePlanIsTheSameAuthorityAndAnotherIsRefused() {
    JsonNode first = made("hier-twice", "root", "CN=Hier Twice");

    assertEquals(first, made("hier-twice", "root", "CN=Hier Twice"));
    create("hier-twice", "root", "CN=Hier Other").expect(409);
    create("devices", "root", "CN=Hier Other").expect(409);
    JsonNode fact = plant.fact("hier-twice", "authority.established");
    assertEquals("root", fact.at("/detail/issuer").asText());
    assertEquals("CN=Hier Twice", fact.at("/detail/subject").asText());
  }

  /** Law 4. */
  @Test
  void noLeafOutlivesItsIssuer() throws Exception {
    JsonNode issuer = made("hier-ending", "root", "CN=Hier Ending", "validity", "PT2H");
    profile("hier-ending", "hier-ending", SUBJECT + "validity: PT3H\n");
    Instant end = Instant.parse(issuer.get("not_after").asText());

    List<Future<X509Certificate>> issued = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 12; i++) {
        String serialNumber = "hier-ending-" + i;
        issued.add(threads.submit(() -> enrolled("hier-ending", serialNumber)));
      }
    }

    for (Future<X509Certificate> one : issued) {
      assertFalse(one.get().getNotAfter().toInstant().isAfter(end));
    }
  }

  @Test
  void aRootCertifiesNoDevice() {
    made("hier-lonely", null, "CN=Hier Lonely");

    Answer refused = Answer.to(
        wire.client(null),
        wire.person("/api/v1/certificate-profiles/hier-lonely")
            .header("Content-Type", "application/yaml")
            .PUT(java.net.http.HttpRequest.BodyPublishers.ofString("""
                apiVersion: sallyport.io/v1
                kind: CertificateProfile
                metadata: {name: hier-lonely}
                spec: {issuer: hier-lonely, extendedKeyUsages: [clientAuth], subject: [{serialNumber: "${hardware.serialNumber}"}]}
                """))
            .build());

    assertTrue(refused.expect(422).text().contains("does not certify devices"), refused.text());
  }
}

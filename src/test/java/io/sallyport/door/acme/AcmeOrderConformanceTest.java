package io.sallyport.door.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Database;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.TestPki;
import java.io.IOException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ValueSource;

/** From order to certificate (RFC 8555 §7.4). */
@QuarkusTest
class AcmeOrderConformanceTest extends AcmeServerTest {
  private static final String HOST = "127-0-0-1.exact.acme.test";

  @Test
  void anOrderThatIsProvenIsCertified() throws Exception {
    Unit unit = unit();
    AcmeClient client = account(unit);
    KeyPair keys = TestPki.key();

    Answer done = complete(client, readyOrder(client, unit.host()), request(keys, unit.host()));

    List<X509Certificate> chain = chain(client, done.expect(200));
    X509Certificate certificate = chain.getFirst();
    assertEquals(keys.getPublic(), certificate.getPublicKey());
    assertTrue(certificate.getSubjectAlternativeNames().contains(List.of(2, unit.host())));
    assertTrue(
        certificate.getSubjectAlternativeNames().contains(List.of(6, "urn:uuid:" + unit.id())));
    certificate.verify(chain.get(1).getPublicKey());
    chain.get(1).verify(wire.root().getPublicKey());
    assertEquals(2, chain.size());
    assertEquals(1, certificates(unit));
  }

  @Test
  void finalizingBeforeTheProofIsTooEarly() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    JsonNode order = order(client, unit.host()).expect(201).json();

    assertRefused(
        403, "orderNotReady", complete(client, order, request(TestPki.key(), unit.host())));
    assertEquals(0, certificates(unit));
  }

  static Stream<Arguments> requestsForSomethingElse() throws Exception {
    KeyPair keys = TestPki.key();
    return Stream.of(
        Arguments.of("no host name", TestPki.request(keys, "", null)),
        Arguments.of("another host name", request(keys, "other.acme.test")),
        Arguments.of("a name too many", request(keys, HOST, "other.acme.test")),
        Arguments.of(
            "another subject",
            TestPki.request(
                keys,
                "CN=other.acme.test",
                new GeneralNames(new GeneralName(GeneralName.dNSName, HOST)))),
        Arguments.of("an address", TestPki.request(keys, "", new GeneralNames(new GeneralName[] {
          new GeneralName(GeneralName.dNSName, HOST),
          new GeneralName(GeneralName.iPAddress, "127.0.0.1")
        }))),
        Arguments.of(
            "an authority", with(keys, Extension.basicConstraints, new BasicConstraints(true))),
        Arguments.of(
            "server authentication",
            with(
                keys,
                Extension.extendedKeyUsage,
                new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))),
        Arguments.of(
            "must-staple",
            with(
                keys,
                new ASN1ObjectIdentifier("1.3.6.1.5.5.7.1.24"),
                new DERSequence(new ASN1Integer(5)))),
        Arguments.of("not a request", new byte[] {0x30, 0}),
        Arguments.of("nothing", new byte[0]));
  }

  private static byte[] with(KeyPair keys, ASN1ObjectIdentifier extension, ASN1Encodable value)
      throws IOException {
    ExtensionsGenerator extensions = new ExtensionsGenerator();
    extensions.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(new GeneralName(GeneralName.dNSName, HOST)));
    extensions.addExtension(extension, false, value);
    return new JcaPKCS10CertificationRequestBuilder(new X500Name(""), keys.getPublic())
        .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
        .build(TestPki.signer(keys))
        .getEncoded();
  }

  @Test
  void aRequestForSomethingElseIsRefusedAndTheOrderStaysReady() throws Exception {
    Unit unit = unit();
    AcmeClient client = client().open(binding(unit, HOST));
    JsonNode order = readyOrder(client, HOST);
    String url = order.get("finalize").asText().replace("/finalize", "");

    for (Arguments wrong : requestsForSomethingElse().toList()) {
      Answer answer = complete(client, order, (byte[]) wrong.get()[1]);
      assertEquals("badCSR", AcmeClient.problem(answer), wrong.get()[0] + ": " + answer);
      assertEquals("ready", client.post(url, null).json().get("status").asText());
    }
    assertRefused(400, "badCSR", complete(client, order, request(client.keys, HOST)));
    assertRefused(400, "badCSR", complete(client, order, request(TestPki.rsa(1024), HOST)));
    assertEquals(0, certificates(unit));
    complete(client, order, request(TestPki.key(), HOST)).expect(200);
  }

  @Test
  void anotherDevicesKeyIsRefusedAndTheOrderStaysReady() {
    Unit unit = unit();
    Unit other = unit();
    KeyPair keys = TestPki.key();
    issued(account(other), keys, other.host());
    AcmeClient client = account(unit);
    JsonNode order = readyOrder(client, unit.host());

    assertRefused(400, "badCSR", complete(client, order, request(keys, unit.host())));

    complete(client, order, request(TestPki.key(), unit.host())).expect(200);
  }

  @Test
  void theSameRequestAgainGetsTheSameCertificate() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    JsonNode order = readyOrder(client, unit.host());
    byte[] request = request(TestPki.key(), unit.host());

    Answer first = complete(client, order, request).expect(200);
    Answer second = complete(client, order, request).expect(200);

    assertEquals(chain(client, first).getFirst(), chain(client, second).getFirst());
    assertRefused(
        403, "orderNotReady", complete(client, order, request(TestPki.key(), unit.host())));
    assertEquals(1, certificates(unit));
  }

  @Test
  void theSameKeyInAnotherOrderGetsTheSameCertificate() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    KeyPair keys = TestPki.key();

    X509Certificate first = issued(client, keys, unit.host());
    X509Certificate second = issued(client, keys, unit.host());

    assertEquals(first, second);
    assertEquals(1, certificates(unit));
  }

  @Test
  void finalizingFiftyTimesAtOnceMakesOneCertificate() throws Exception {
    Unit unit = unit();
    AcmeClient client = account(unit);
    JsonNode order = readyOrder(client, unit.host());
    byte[] same = request(TestPki.key(), unit.host());
    List<Callable<Answer>> tasks = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      byte[] request = i % 5 == 0 ? request(TestPki.key(), unit.host()) : same;
      AcmeClient one = client(client.keys);
      one.kid(client.kid());
      tasks.add(() -> complete(one, order, request));
    }

    List<Answer> answers = new ArrayList<>();
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Answer> answer : pool.invokeAll(tasks)) {
        answers.add(answer.get());
      }
    }

    assertEquals(1, certificates(unit));
    for (Answer answer : answers) {
      assertTrue(
          answer.status() == 200 || AcmeClient.problem(answer).equals("orderNotReady"),
          answer::toString);
    }
    assertTrue(answers.stream().anyMatch(answer -> answer.status() == 200));
  }

  @Test
  void whatBelongsToAnotherAccountIsUnauthorized() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    JsonNode order = readyOrder(client, unit.host());
    Answer done = complete(client, order, request(TestPki.key(), unit.host())).expect(200);
    AcmeClient other = account(unit());
    String authorization = order.get("authorizations").get(0).asText();

    assertRefused(403, "unauthorized", other.post(done.header("Location"), null));
    assertRefused(403, "unauthorized", other.post(authorization, null));
    assertRefused(
        403,
        "unauthorized",
        other.post(authorization.replace("authorization", "challenge"), Map.of()));
    assertRefused(403, "unauthorized", other.post(done.json().get("certificate").asText(), null));
    assertRefused(403, "unauthorized", complete(other, order, request(TestPki.key(), unit.host())));
  }

  @Test
  void aRefusalToAnAccountStandsInTheLog() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    order(client, "elsewhere.acme.test");

    Eventually.holds(
        PATIENCE,
        "the refusal is a fact",
        () -> wire.admin(
                "GET", "/api/v1/audit/facts?subject=" + unit.id() + "&kind=account.refused", null)
            .get("items")
            .toString()
            .contains("rejected-identifier"));
  }

  @Test
  void aHostNameThatTheBindingDoesNotAllowIsRejected() {
    AcmeClient client = account(unit());

    assertRefused(400, "rejectedIdentifier", order(client, "elsewhere.acme.test"));
    assertRefused(400, "rejectedIdentifier", order(client, "localhost"));
    assertRefused(400, "rejectedIdentifier", order(client, "*.acme.test"));
  }

  @Test
  void aSerialNumberThatIsNotTheDevicesIsRejected() {
    AcmeClient client = account(unit());

    assertRefused(
        400,
        "rejectedIdentifier",
        client.post(client.url("new-order"), identifiers("permanent-identifier", "other")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ip", "hardware-module", "email", ""})
  void anUnsupportedKindOfIdentifierIsTold(String type) {
    AcmeClient client = account(unit());

    assertRefused(
        400,
        "unsupportedIdentifier",
        client.post(client.url("new-order"), identifiers(type, "10.0.0.1")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"notBefore", "notAfter", "replaces", "profile"})
  void whatAnOrderCannotSayYetIsTold(String member) {
    Unit unit = unit();
    AcmeClient client = account(unit);
    Map<String, Object> order = new HashMap<>(identifiers("dns", unit.host()));
    order.put(member, "x");

    Answer answer = assertRefused(400, "malformed", client.post(client.url("new-order"), order));

    assertTrue(answer.json().get("detail").asText().contains("not supported"), answer::toString);
  }

  @Test
  void anOrderHasIdentifiers() {
    AcmeClient client = account(unit());

    assertRefused(400, "malformed", client.post(client.url("new-order"), Map.of()));
    assertRefused(400, "malformed", client.post(client.url("new-order"), identifiers("dns")));
    assertRefused(
        400, "malformed", client.post(client.url("new-order"), Map.of("identifiers", "x")));
  }

  @Test
  void openOrdersAreBounded() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    Answer last = order(client, unit.host());
    for (int i = 0; i < 4; i++) {
      last = order(client, unit.host()).expect(201);
    }

    Answer answer = assertRefused(429, "rateLimited", order(client, unit.host()));

    assertFalse(answer.header("Retry-After").isEmpty());
    client
        .post(last.json().get("authorizations").get(0).asText(), Map.of("status", "deactivated"))
        .expect(200);
    assertEquals(
        "invalid",
        client.post(last.header("Location"), null).json().get("status").asText());
    order(client, unit.host()).expect(201);
    assertEquals(
        5, client.post(client.kid() + "/orders", null).json().get("orders").size());
  }

  @Test
  void aDeviceThatIsDecommissionedGetsNothing() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    JsonNode order = readyOrder(client, unit.host());
    wire.admin("POST", "/api/v1/devices/" + unit.id() + "/suspend", Map.of("reason", "test"));

    assertRefused(
        403, "unauthorized", complete(client, order, request(TestPki.key(), unit.host())));
    assertRefused(403, "unauthorized", order(client, unit.host()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aQuarantinedDeviceRenews() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    X509Certificate first = issued(client, TestPki.key(), unit.host());
    wire.admin("POST", "/api/v1/devices/" + unit.id() + "/quarantine", Map.of("reason", "test"));

    X509Certificate second = issued(client, TestPki.key(), unit.host());

    assertNotEquals(first, second);
  }

  @Test
  void anOrderThatIsTooOldIsInvalid() throws Exception {
    Unit unit = unit();
    AcmeClient client = account(unit);
    JsonNode order = readyOrder(client, unit.host());
    String url = order.get("finalize").asText().replace("/finalize", "");

    change("update order_authorization set expires_at = now() where certificate_order = ?", url);

    assertEquals("invalid", client.post(url, null).json().get("status").asText());
    assertEquals(
        "expired",
        client
            .post(order.get("authorizations").get(0).asText(), null)
            .json()
            .get("status")
            .asText());
    assertRefused(
        403, "orderNotReady", complete(client, order, request(TestPki.key(), unit.host())));
    assertEquals(0, certificates(unit));
  }

  @Test
  void anOrderThatACrashLeftIsFinishedWhenItIsAskedFor() throws Exception {
    Unit unit = unit();
    AcmeClient client = account(unit);
    JsonNode order = readyOrder(client, unit.host());
    String url = order.get("finalize").asText().replace("/finalize", "");
    Answer done = complete(client, order, request(TestPki.key(), unit.host())).expect(200);
    X509Certificate certificate = chain(client, done).getFirst();

    change("update certificate_order set certificate = null where id = ?", url);
    assertEquals("processing", client.post(url, null).json().get("status").asText());
    change(
        "update certificate_order set claimed_at = now() - interval '1 minute' where id = ?", url);

    assertEquals(certificate, chain(client, client.post(url, null).expect(200)).getFirst());
    assertEquals(1, certificates(unit));
  }

  private static void change(String sql, String order) throws SQLException {
    try (Connection connection = Database.connect();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setObject(1, UUID.fromString(order.substring(order.lastIndexOf('/') + 1)));
      assertEquals(1, statement.executeUpdate());
      connection.commit();
    }
  }
}

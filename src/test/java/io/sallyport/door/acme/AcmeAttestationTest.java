package io.sallyport.door.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.upokecenter.cbor.CBORObject;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.door.acme.AcmeClient.Binding;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.OtherNames;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.Tpm;
import io.sallyport.testing.Tpm.Certification;
import io.sallyport.testing.TpmUnit;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Authorization;
import org.shredzone.acme4j.Identifier;
import org.shredzone.acme4j.Login;
import org.shredzone.acme4j.Order;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;

/** device-attest-01 with format {@code tpm}: swtpm certifies the key that the device wants a certificate for. */
@QuarkusTest
class AcmeAttestationTest extends AcmeServerTest {
  private static final String SERIAL = "A-1";

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private Tpm tpm;

  @SuppressWarnings("NullAway.Init")
  private Tpm otherTpm;

  @SuppressWarnings("NullAway.Init")
  private TpmUnit device;

  @SuppressWarnings("NullAway.Init")
  private TpmUnit other;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      tpm = Tpm.start();
      otherTpm = tpm.sibling();
      plant = Plant.open(wire, "acme-attest");
      wire.admin(
          "PUT",
          "/api/v1/tpm-roots/acme-attest",
          Map.of("anchors", List.of(TestPki.pem(tpm.root()))));
      device = TpmUnit.enrolled(plant, SERIAL, tpm).activate();
      other = TpmUnit.enrolled(plant, "A-2", otherTpm).activate();
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
    otherTpm.close();
    tpm.close();
  }

  private AcmeClient attesting() {
    return client().open(bindingOf(device));
  }

  private Binding bindingOf(TpmUnit unit) {
    return binding(new Unit(unit.unit().id(), SERIAL, ""), new String[0]);
  }

  private static byte[] keyAuthorization(String text) {
    return Digest.of(text.getBytes(StandardCharsets.UTF_8)).octets();
  }

  /** The attestation object of WebAuthn, without authenticator data. */
  private static CBORObject object(TpmUnit unit, byte[] data) throws Exception {
    Certification certification = unit.tpm().certify(unit.key(), unit.ak(), data);
    CBORObject statement = CBORObject.NewMap()
        .Add("ver", "2.0")
        .Add("alg", -7)
        .Add("x5c", CBORObject.NewArray().Add(unit.akCertificate().getEncoded()))
        .Add("sig", certification.signature())
        .Add("certInfo", certification.info())
        .Add("pubArea", unit.key().publicArea());
    return CBORObject.NewMap().Add("fmt", "tpm").Add("attStmt", statement);
  }

  @Test
  void acme4jGetsACertificateForAKeyInTheTpm() throws Exception {
    Binding binding = bindingOf(device);
    Login login = new AccountBuilder()
        .withKeyIdentifier(binding.kid(), binding.key())
        .useKeyPair(TestPki.key())
        .createLogin(new Session(
            URI.create(wire.devices() + "/acme/device/directory"), new TrustingProvider(wire)));
    Order order = login
        .newOrder()
        .identifier(new Identifier("permanent-identifier", SERIAL))
        .create();
    Authorization authorization = order.getAuthorizations().getFirst();
    DeviceAttestChallenge challenge =
        authorization.findChallenge(DeviceAttestChallenge.class).orElseThrow();

    challenge.attest(
        object(device, keyAuthorization(challenge.getAuthorization())).EncodeToBytes());
    challenge.trigger();
    assertEquals(Status.VALID, challenge.getStatus());
    order.execute(device.tpm().request(device.key(), "/CN=" + SERIAL));
    assertEquals(Status.VALID, order.waitForCompletion(PATIENCE));

    X509Certificate certificate = order.getCertificate().getCertificate();
    assertEquals(device.key().keys().getPublic(), certificate.getPublicKey());
    assertEquals(Optional.of(SERIAL), permanentIdentifier(certificate));
    certificate.verify(order.getCertificate().getCertificateChain().get(1).getPublicKey());
  }

  private static Optional<String> permanentIdentifier(X509Certificate certificate)
      throws Exception {
    GeneralNames names = GeneralNames.fromExtensions(
        new X509CertificateHolder(certificate.getEncoded()).getExtensions(),
        Extension.subjectAlternativeName);
    return Stream.of(names.getNames())
        .flatMap(name -> OtherNames.permanentIdentifier(name).stream())
        .findFirst();
  }

  /** An order for the device's serial number. */
  private Answer ordered(AcmeClient client) {
    return client
        .post(client.url("new-order"), identifiers("permanent-identifier", SERIAL))
        .expect(201);
  }

  private static JsonNode challenge(AcmeClient client, Answer order) {
    return client
        .post(order.json().get("authorizations").get(0).asText(), null)
        .expect(200)
        .json()
        .get("challenges")
        .get(0);
  }

  private static Answer answer(AcmeClient client, JsonNode challenge, byte[] object) {
    return client.post(challenge.get("url").asText(), Map.of("attObj", AcmeClient.base64(object)));
  }

  @Test
  void onlyTheAttestedKeyIsCertified() throws Exception {
    AcmeClient client = attesting();
    Answer order = ordered(client);
    JsonNode challenge = challenge(client, order);
    byte[] data = keyAuthorization(challenge.get("token").asText() + "." + client.thumbprint());
    answer(client, challenge, object(device, data).EncodeToBytes()).expect(200);

    assertRefused(
        400,
        "badCSR",
        complete(client, order.json(), TestPki.request(TestPki.key(), "CN=" + SERIAL, null)));

    assertEquals(
        "ready",
        client.post(order.header("Location"), null).json().get("status").asText());
    complete(client, order.json(), device.tpm().request(device.key(), "/CN=" + SERIAL))
        .expect(200);
  }

  @Test
  void withoutAnAttestationNothingIsTried() {
    AcmeClient client = attesting();
    JsonNode challenge = challenge(client, ordered(client));

    assertEquals("device-attest-01", challenge.get("type").asText());
    assertRefused(400, "malformed", client.post(challenge.get("url").asText(), Map.of()));
    assertEquals(
        "pending",
        client.post(challenge.get("url").asText(), null).json().get("status").asText());
  }

  /** An attestation object that is wrong in one way, for the data that it should be about. */
  @FunctionalInterface
  private interface Fault {
    byte[] object(byte[] data) throws Exception;
  }

  @Test
  void anAttestationThatDoesNotHoldMakesTheChallengeInvalid() throws Exception {
    AcmeClient client = attesting();
    for (Map.Entry<String, Fault> fault : faults().entrySet()) {
      Answer order = ordered(client);
      JsonNode challenge = challenge(client, order);
      byte[] data = keyAuthorization(challenge.get("token").asText() + "." + client.thumbprint());

      JsonNode answered =
          answer(client, challenge, fault.getValue().object(data)).expect(200).json();

      String name = fault.getKey() + ": " + answered;
      assertEquals("invalid", answered.get("status").asText(), name);
      assertEquals(
          AcmeClient.URN + "badAttestationStatement", answered.at("/error/type").asText(), name);
      assertEquals(SERIAL, answered.at("/error/subproblems/0/identifier/value").asText(), name);
      assertEquals(
          "invalid",
          client.post(order.header("Location"), null).json().get("status").asText(),
          name);
    }
  }

  private Map<String, Fault> faults() throws Exception {
    Map<String, Fault> faults = new LinkedHashMap<>();
    faults.put("empty", data -> new byte[0]);
    faults.put("not CBOR", data -> new byte[] {(byte) 0xff, 0});
    faults.put("an array", data -> CBORObject.NewArray().EncodeToBytes());
    faults.put("two values", data -> new byte[] {(byte) 0xa0, (byte) 0xa0});
    faults.put("cut short", data -> new byte[] {(byte) 0xbb, 0x7f, -1, -1, -1, -1, -1, -1, -1});
    faults.put("too long", data -> CBORObject.FromObject(new byte[34_000]).EncodeToBytes());
    faults.put(
        "a key twice", data -> HexFormat.of().parseHex("a263666d746374706d63666d746374706d"));
    byte[] sound = object(device, new byte[32]).EncodeToBytes();
    for (String format : List.of("packed", "apple", "android-key", "step", "none", "")) {
      faults.put(
          "format " + format,
          data -> CBORObject.DecodeFromBytes(sound).Set("fmt", format).EncodeToBytes());
    }
    faults.put("no statement", data -> CBORObject.NewMap().Add("fmt", "tpm").EncodeToBytes());
    for (String member : List.of("ver", "alg", "x5c", "sig", "certInfo", "pubArea")) {
      faults.put("no " + member, data -> {
        CBORObject object = CBORObject.DecodeFromBytes(sound);
        object.get("attStmt").Remove(CBORObject.FromObject(member));
        return object.EncodeToBytes();
      });
    }
    faults.put("another key authorization", data -> sound);
    faults.put("the TPM of another device", data -> object(other, data).EncodeToBytes());
    faults.put(
        "the certificate of another TPM's key",
        data -> with(device, data, other.akCertificate()).EncodeToBytes());
    faults.put(
        "the device's own certificate",
        data -> with(device, data, device.unit().identity().certificate()).EncodeToBytes());
    faults.put("a key of nobody", data -> with(device, data, foreign(false)).EncodeToBytes());
    faults.put("an authority", data -> with(device, data, foreign(true)).EncodeToBytes());
    faults.put("another public area", data -> {
      CBORObject object = object(device, data);
      object.get("attStmt").Set("pubArea", other.key().publicArea());
      return object.EncodeToBytes();
    });
    faults.put("a forged signature", data -> {
      CBORObject object = object(device, data);
      byte[] signature = object.get("attStmt").get("sig").GetByteString().clone();
      signature[signature.length - 1] ^= 1;
      object.get("attStmt").Set("sig", signature);
      return object.EncodeToBytes();
    });
    return faults;
  }

  private static X509Certificate foreign(boolean authority) {
    return TestPki.certify(
        new X500Name("CN=AK"),
        TestPki.key(),
        null,
        Instant.now().minusSeconds(60),
        Instant.now().plusSeconds(3600),
        authority,
        null);
  }

  private static CBORObject with(TpmUnit unit, byte[] data, X509Certificate leaf) throws Exception {
    CBORObject object = object(unit, data);
    object.get("attStmt").Set("x5c", CBORObject.NewArray().Add(leaf.getEncoded()));
    return object;
  }
}

package io.sallyport.door.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.TestPki;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How requests are signed, and what every answer carries (RFC 8555 §6, §7.1, §7.2). */
@QuarkusTest
class AcmeRequestConformanceTest extends AcmeServerTest {
  private static final Map<String, Object> ONLY_EXISTING = Map.of("onlyReturnExisting", true);

  @Test
  void theDirectoryNamesWhatThereIsAndNothingElse() {
    AcmeClient client = client();

    JsonNode directory = client.get("directory").expect(200).json();

    Set<String> names = new HashSet<>();
    directory.fieldNames().forEachRemaining(names::add);
    assertEquals(
        Set.of("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "meta"), names);
    assertEquals(client.url("new-order"), directory.get("newOrder").asText());
    assertTrue(directory.get("meta").get("externalAccountRequired").asBoolean());
  }

  @ParameterizedTest
  @ValueSource(strings = {"nobody", "server", "enforcement-point", "ocsp-responder"})
  void aProfileThatDevicesCannotHaveHasNoDirectory(String profile) {
    AcmeClient client = new AcmeClient(wire, http, profile, TestPki.key());

    assertEquals(404, client.get("directory").status());
    assertEquals(404, client.get("new-nonce").status());
  }

  @Test
  void everyAnswerCarriesANonceOfItsOwnAndTheDirectory() {
    AcmeClient client = client();

    Answer head = client.send(AcmeClient.request(client.url("new-nonce"))
        .method("HEAD", BodyPublishers.noBody())
        .build());
    Answer get = client.get("new-nonce");
    Answer none = client.get("no-such-thing");

    assertEquals(200, head.status());
    assertEquals(204, get.status());
    assertEquals("no-store", head.header("Cache-Control"));
    assertNotEquals(head.header("Replay-Nonce"), get.header("Replay-Nonce"));
    assertRefused(404, "malformed", none);
    assertEquals("<" + client.url("directory") + ">;rel=\"index\"", head.header("Link"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "HS256", "RS512", "ES256K", ""})
  void anUnsupportedAlgorithmIsAnsweredWithThoseThatAre(String algorithm) {
    AcmeClient client = client();

    Answer answer = assertRefused(
        400,
        "badSignatureAlgorithm",
        client.post(
            client.url("new-account"), ONLY_EXISTING, header -> header.put("alg", algorithm)));

    assertEquals(
        List.of("ES256", "ES384", "RS256", "EdDSA"),
        AcmeClient.JSON.convertValue(answer.json().get("algorithms"), List.class));
  }

  @Test
  void anAlgorithmThatIsNotTheKeysIsRefused() {
    AcmeClient client = client();

    assertRefused(
        400,
        "badSignatureAlgorithm",
        client.post(
            client.url("new-account"), ONLY_EXISTING, header -> header.put("alg", "ES384")));
  }

  @Test
  void everySupportedKeyIsKnownByItsSignature() throws Exception {
    for (KeyPair keys : List.of(TestPki.key(), p384(), TestPki.rsa(2048), ed25519())) {
      AcmeClient client = client(keys).open(binding(unit()));

      assertEquals(
          "valid",
          client.post(client.kid(), null).expect(200).json().get("status").asText());
    }
  }

  private static KeyPair p384() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp384r1"));
    return generator.generateKeyPair();
  }

  private static KeyPair ed25519() throws NoSuchAlgorithmException {
    return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
  }

  @Test
  void aWeakKeyIsRefused() {
    AcmeClient client = client(TestPki.rsa(1024));

    assertRefused(400, "badPublicKey", client.post(client.url("new-account"), ONLY_EXISTING));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"
      })
  void aKeyThatIsNoneIsRefused(String jwk) throws Exception {
    AcmeClient client = client();
    JsonNode other = AcmeClient.JSON.readTree(jwk);

    assertRefused(
        400,
        "badPublicKey",
        client.post(client.url("new-account"), ONLY_EXISTING, header -> header.set("jwk", other)));
  }

  @Test
  void aPrivateKeyIsNotTaken() {
    AcmeClient client = client();

    assertRefused(
        400,
        "badPublicKey",
        client.post(
            client.url("new-account"),
            ONLY_EXISTING,
            header -> ((ObjectNode) header.get("jwk")).put("d", "AAAA")));
  }

  @Test
  void jwkAndKidTogetherAreMalformed() {
    AcmeClient client = client();

    assertRefused(
        400,
        "malformed",
        client.post(
            client.url("new-account"),
            ONLY_EXISTING,
            header -> header.put("kid", client.url("account/1"))));
  }

  @Test
  void neitherJwkNorKidIsMalformed() {
    AcmeClient client = client();

    assertRefused(
        400,
        "malformed",
        client.post(client.url("new-account"), ONLY_EXISTING, header -> header.remove("jwk")));
  }

  @Test
  void anUnprotectedHeaderIsMalformed() {
    AcmeClient client = client();
    ObjectNode request = request(client);
    request.set("header", AcmeClient.JSON.createObjectNode().put("kid", "x"));

    assertRefused(400, "malformed", client.raw(client.url("new-account"), request));
  }

  @Test
  void onlyTheFlattenedFormIsTaken() {
    AcmeClient client = client();
    ObjectNode flat = request(client);
    ObjectNode general = AcmeClient.JSON.createObjectNode();
    general.set("payload", flat.get("payload"));
    general.set(
        "signatures", AcmeClient.JSON.createArrayNode().add(flat.deepCopy().without("payload")));

    assertRefused(400, "malformed", client.raw(client.url("new-account"), general));
  }

  private static ObjectNode request(AcmeClient client) {
    return AcmeClient.jws(
        client.header(client.url("new-account")), AcmeClient.text(ONLY_EXISTING), client.keys);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "\"text\"",
        "{",
        "{\"protected\":\"e30\",\"payload\":\"\"}",
        "{\"protected\":\"e30=\",\"payload\":\"\",\"signature\":\"\"}",
        "{\"protected\":1,\"payload\":\"\",\"signature\":\"\"}",
        "{\"protected\":\"e30\",\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\"}",
        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}"
      })
  void whatIsNoJwsIsMalformed(String body) {
    AcmeClient client = client();

    int status = client
        .send(AcmeClient.request(client.url("new-account"))
            .header("Content-Type", "application/jose+json")
            .POST(BodyPublishers.ofString(body))
            .build())
        .status();

    assertEquals(400, status);
  }

  @Test
  void criticalExtensionsAreRefused() {
    AcmeClient client = client();

    assertRefused(
        400, "malformed", client.post(client.url("new-account"), ONLY_EXISTING, header -> {
          header.put("b64", false);
          header.set("crit", AcmeClient.JSON.createArrayNode().add("b64"));
        }));
  }

  @Test
  void aRequestThatIsTooLargeIsRefused() {
    AcmeClient client = client();

    assertEquals(
        413,
        client
            .send(AcmeClient.request(client.url("new-account"))
                .header("Content-Type", "application/jose+json")
                .POST(BodyPublishers.ofString("x".repeat(70_000)))
                .build())
            .status());
  }

  @Test
  void aMissingNonceIsAnsweredWithAFreshOne() {
    AcmeClient client = client();

    assertRefused(
        400,
        "badNonce",
        client.post(client.url("new-account"), ONLY_EXISTING, header -> header.remove("nonce")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
  void aNonceThatThisServerDidNotMakeIsRefused(String nonce) {
    AcmeClient client = client();

    assertRefused(
        400,
        "badNonce",
        client.post(
            client.url("new-account"), ONLY_EXISTING, header -> header.put("nonce", nonce)));
  }

  @Test
  void aNonceIsGoodOnce() {
    AcmeClient client = client();
    ObjectNode request = request(client);

    assertRefused(400, "accountDoesNotExist", client.raw(client.url("new-account"), request));
    assertRefused(400, "badNonce", client.raw(client.url("new-account"), request));
  }

  @Test
  void aNonceUsedManyTimesAtOnceIsGoodOnce() throws Exception {
    AcmeClient client = client();
    ObjectNode request = request(client);
    HttpRequest same = AcmeClient.request(client.url("new-account"))
        .header("Content-Type", "application/jose+json")
        .POST(BodyPublishers.ofString(request.toString()))
        .build();
    List<String> problems = new ArrayList<>();

    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<String>> tasks = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        tasks.add(() -> AcmeClient.problem(Answer.to(http, same)));
      }
      for (Future<String> one : pool.invokeAll(tasks)) {
        problems.add(one.get());
      }
    }

    assertEquals(
        1, problems.stream().filter("accountDoesNotExist"::equals).count(), problems::toString);
    assertEquals(19, problems.stream().filter("badNonce"::equals).count(), problems::toString);
  }

  @Test
  void aUrlThatIsNotTheRequestsIsUnauthorized() {
    AcmeClient client = client();

    assertRefused(
        403,
        "unauthorized",
        client.post(
            client.url("new-account"),
            ONLY_EXISTING,
            header -> header.put("url", client.url("new-order"))));
  }

  @Test
  void aSignatureByAnotherKeyIsUnauthorized() {
    AcmeClient client = client();
    ObjectNode header = client.header(client.url("new-account"));

    assertRefused(
        401,
        "unauthorized",
        client.raw(
            client.url("new-account"),
            AcmeClient.jws(header, AcmeClient.text(ONLY_EXISTING), TestPki.key())));
  }

  @Test
  void anotherContentTypeIsNotTaken() {
    AcmeClient client = client();

    assertRefused(
        415,
        "malformed",
        client.send(AcmeClient.request(client.url("new-account"))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(request(client).toString()))
            .build()));
  }

  @Test
  void aPlainGetOnAResourceIsNotAllowed() {
    Unit unit = unit();
    AcmeClient client = account(unit);

    Answer answer = assertRefused(405, "malformed", client.get(client.kid()));

    assertEquals("POST", answer.header("Allow"));
    assertRefused(405, "malformed", client.get("new-account"));
  }

  @Test
  void whatIsOnlyAskedForTakesNoPayload() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    String order = order(client, unit.host()).expect(201).header("Location");

    assertRefused(400, "malformed", client.post(order, Map.of()));
    assertFalse(client.post(order, null).expect(200).json().isEmpty());
  }
}

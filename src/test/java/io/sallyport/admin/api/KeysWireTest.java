package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The keys as people see them, and a change of the master key under a server that works on. */
@QuarkusTest
class KeysWireTest extends ServerTest {
  private static final String KEYS = "/api/v1/keys";

  @Inject
  Keys keys;

  private Plant plant;

  @BeforeEach
  void open() {
    if (plant == null) {
      plant = Plant.open(wire, "keys-wire");
    }
  }

  @AfterAll
  void close() {
    plant.close();
  }

  @Test
  void aKeyIsListedWithoutItsPrivatePart() {
    KeyHandle made = keys.generate(KeyAlgorithm.ML_DSA_44, "keys-wire");

    JsonNode listed = find(made);

    assertEquals("ml-dsa-44", listed.get("algorithm").asText());
    assertEquals("keys-wire", listed.get("purpose").asText());
    assertEquals("software", listed.get("kept").asText());
    assertEquals(current(), listed.get("master_key").asText());
    assertTrue(listed.get("provider").asText().startsWith("SUN "), listed.toString());
    TreeSet<String> fields = new TreeSet<>();
    listed.fieldNames().forEachRemaining(fields::add);
    assertEquals(
        new TreeSet<>(java.util.List.of(
            "id",
            "algorithm",
            "purpose",
            "kept",
            "token",
            "token_key_id",
            "master_key",
            "provider",
            "created_at")),
        fields);
  }

  @Test
  void everySealedValueGoesOverToANewMasterKey() throws IOException {
    // One value of every owner.
    KeyHandle key = keys.generate(KeyAlgorithm.EC_P256, "keys-wire");
    String device = plant.registered("KW-1").id();
    Map<String, Object> binding = Map.of("device", device);
    Answer first = plant.person(
        "POST", "/api/v1/acme-accounts/bindings", binding, "Idempotency-Key", "keys-wire-1");
    first.expect(201);
    plant
        .person(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name",
                "keys-wire-radius",
                "kind",
                "radius",
                "settings",
                Map.of(),
                "secret",
                "a-secret-of-the-switches-0123456789",
                "csr",
                TestPki.pem(
                    "CERTIFICATE REQUEST",
                    TestPki.request(TestPki.key(), "CN=keys-wire-radius", null))))
        .expect(201);
    nonce();
    String former = current();

    Path file =
        Path.of(ConfigProvider.getConfig().getValue("sallyport.master-key-file", String.class));
    byte[] octets = new byte[32];
    new SecureRandom().nextBytes(octets);
    Files.writeString(
        file, Base64.getEncoder().encodeToString(octets) + "\n" + Files.readString(file));
    JsonNode answered = rotate().expect(200).json();

    String fresh = answered.at("/keys/0/id").asText();
    assertNotEquals(former, fresh);
    JsonNode done = Patience.until("nothing is left under the former key", () -> {
      JsonNode standing = rotate().expect(200).json();
      return standing.at("/keys/1/values").asLong() == 0
              && standing.at("/former_format").asLong() == 0
          ? Optional.of(standing)
          : Optional.empty();
    });
    assertEquals(former, done.at("/keys/1/id").asText());
    assertTrue(done.at("/keys/0/values").asLong() > 4, done.toString());
    assertEquals(fresh, find(key).get("master_key").asText());
    // The answer told once is opened again, and so is everything else.
    assertEquals(
        first.json(),
        plant
            .person(
                "POST", "/api/v1/acme-accounts/bindings", binding, "Idempotency-Key", "keys-wire-1")
            .expect(201)
            .json());
    byte[] data = "signed".getBytes(StandardCharsets.UTF_8);
    assertTrue(KeyAlgorithm.EC_P256.verifies(
        Der.of(key.subjectPublicKeyInfo().octets()), data, keys.sign(key.id(), data)));
    nonce();
    JsonNode fact = plant.fact(fresh, "master-key.current");
    assertEquals(former, fact.at("/detail/former").asText());
    plant.fact(fresh, "master-key.resealed");
  }

  @Test
  void aFileThatCannotBeReadIsToldAndChangesNothing() throws IOException {
    Path file =
        Path.of(ConfigProvider.getConfig().getValue("sallyport.master-key-file", String.class));
    String before = Files.readString(file);
    String current = current();
    try {
      Files.writeString(file, "half a k");
      JsonNode problem = rotate().expect(409).json();
      assertEquals("urn:sallyport:problem:master-key", problem.get("type").asText());
      assertFalse(problem.get("detail").asText().contains("half"), problem.toString());
    } finally {
      Files.writeString(file, before);
    }
    assertEquals(current, current());
    assertEquals(current, rotate().expect(200).json().at("/keys/0/id").asText());
  }

  private Answer rotate() {
    return plant.person("POST", KEYS + "/master/rotate", null);
  }

  private String current() {
    return plant
        .person("GET", KEYS + "/master", null)
        .expect(200)
        .json()
        .at("/keys/0/id")
        .asText();
  }

  private JsonNode find(KeyHandle key) {
    for (JsonNode entry :
        plant.person("GET", KEYS + "?limit=1000", null).expect(200).json().get("items")) {
      if (entry.get("id").asText().equals(key.id().toString())) {
        return entry;
      }
    }
    throw new AssertionError("key " + key.id() + " is not listed");
  }

  private void nonce() {
    assertEquals(
        204,
        wire.send(
                null,
                HttpRequest.newBuilder(URI.create(wire.devices() + "/acme/device/new-nonce"))
                    .build())
            .statusCode());
  }
}

package io.sallyport.grants;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jwt.SignedJWT;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** One story, as the keys are the server's: a compromise, a rotation, another one. */
@QuarkusTest
class GrantKeysWireTest extends ServerTest {
  @Test
  void aKeyIsPublishedBeforeItSignsUnlessTheOtherIsCompromised() throws ParseException {
    try (Plant plant = Plant.open(wire, "grantkeys")) {
      Unit camera = plant.attested("grantkeys-1");
      String lost = token(camera);
      assertTrue(plant.isActive(lost));

      JsonNode keys = rotate(plant, true);

      assertEquals(1, keys.size(), keys.toString());
      assertFalse(plant.isActive(lost), "a compromised key signed it");
      String kept = token(camera);
      String first = keys.at("/0/key_id").asText();
      assertEquals(first, keyId(kept));

      keys = rotate(plant, false);
      assertEquals(2, keys.size(), keys.toString());
      assertFalse(keys.at("/0/signing").asBoolean());
      assertTrue(keys.at("/1/signing").asBoolean());
      assertEquals(first, keys.at("/1/key_id").asText());
      Instant from = Instant.parse(keys.at("/0/signs_from").asText());
      Instant until = Instant.parse(keys.at("/1/counts_until").asText());
      assertTrue(until.isAfter(from.plus(Duration.ofHours(24))), "grants live to their end");
      assertEquals(first, keyId(token(camera)), "the new one does not sign yet");
      assertTrue(plant.isActive(kept));
      JsonNode published = plant.get(null, "/oauth2/jwks").expect(200).json().get("keys");
      assertEquals(keys.at("/0/key_id").asText(), published.at("/0/kid").asText());
      plant
          .person("POST", "/api/v1/keys/grants/rotate", Map.of("compromised", false))
          .expect(409);
      assertEquals(
          keys,
          plant.person("GET", "/api/v1/keys/grants", null).expect(200).json().get("keys"));

      keys = rotate(plant, true);
      assertEquals(1, keys.size(), keys.toString());
      assertEquals(keys.at("/0/key_id").asText(), keyId(token(camera)));
      plant.fact(keys.at("/0/id").asText(), "grant-key.rotated");
    }
  }

  private static JsonNode rotate(Plant plant, boolean compromised) {
    return plant
        .person("POST", "/api/v1/keys/grants/rotate", Map.of("compromised", compromised))
        .expect(200)
        .json()
        .get("keys");
  }

  private static String token(Unit unit) {
    return unit.token(Plant.VIDEO).expect(200).json().get("access_token").asText();
  }

  private static String keyId(String token) throws ParseException {
    return SignedJWT.parse(token).getHeader().getKeyID();
  }
}

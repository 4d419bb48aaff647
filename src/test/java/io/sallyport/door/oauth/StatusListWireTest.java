package io.sallyport.door.oauth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.text.ParseException;
import java.util.Map;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Token status lists as a point without any library would read them (draft-ietf-oauth-status-list). */
@QuarkusTest
class StatusListWireTest extends ServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "statuslist");
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  /** What a token says of where its status is. */
  private record Place(String uri, int index) {
    static Place of(String token) throws ParseException {
      JsonNode list = JSON.<JsonNode>valueToTree(
              SignedJWT.parse(token).getJWTClaimsSet().getJSONObjectClaim("status"))
          .get("status_list");
      return new Place(list.get("uri").asText(), list.get("idx").asInt());
    }
  }

  @Test
  void aListIsSignedAndSaysUntilWhenItCounts() throws ParseException, JOSEException {
    Unit camera = plant.attested("statuslist-1");
    Place place = Place.of(token(camera));

    Answer answer = list(place);

    assertEquals("application/statuslist+jwt", answer.header("Content-Type"));
    assertEquals("max-age=10", answer.header("Cache-Control"));
    SignedJWT list = SignedJWT.parse(answer.text());
    assertEquals("statuslist+jwt", list.getHeader().getType().toString());
    JWKSet keys = JWKSet.parse(plant.get(null, "/oauth2/jwks").expect(200).text());
    assertTrue(list.verify(
        new ECDSAVerifier(keys.getKeyByKeyId(list.getHeader().getKeyID()).toECKey())));
    JWTClaimsSet claims = list.getJWTClaimsSet();
    assertEquals(place.uri, claims.getSubject());
    assertEquals(10, claims.getLongClaim("ttl"));
    assertEquals(
        15_000, claims.getExpirationTime().getTime() - claims.getIssueTime().getTime());
    assertFalse(invalid(answer, place.index), "the grant lives");
  }

  @Test
  void whatItsDeviceGaveUpIsInvalidAndItsNeighboursAreNot() throws ParseException {
    Unit camera = plant.attested("statuslist-2");
    String given = token(camera);
    Place kept = Place.of(token(camera));
    plant
        .post(
            camera.identity(),
            "/oauth2/revoke",
            "application/x-www-form-urlencoded",
            BodyPublishers.ofString("token=" + given))
        .expect(200);
    awaitInvalid(Place.of(given));
    assertFalse(invalid(list(kept), kept.index));
  }

  @Test
  void aQuarantineMakesEveryGrantOfItsDeviceInvalidForGood() throws ParseException {
    Unit camera = plant.attested("statuslist-3");
    Place place = Place.of(token(camera));
    camera.become("quarantine").expect(200);
    awaitInvalid(place);
    camera.become("release").expect(200);
    Place again = Place.of(token(camera));
    assertTrue(invalid(list(place), place.index));
    assertFalse(invalid(list(again), again.index));
  }

  @Test
  void theMetadataLeadsToAllLists() throws ParseException {
    String uri = Place.of(token(plant.attested("statuslist-4"))).uri;
    String all = plant
        .get(null, "/.well-known/oauth-authorization-server")
        .expect(200)
        .json()
        .get("status_list_aggregation_endpoint")
        .asText();
    Patience.untilTrue("the token's list is named", () -> {
      JsonNode lists = plant.get(null, path(all)).expect(200).json().get("status_lists");
      for (JsonNode list : lists) {
        if (list.asText().equals(uri)) {
          return true;
        }
      }
      return false;
    });
  }

  @Test
  void whatIsNoListIsNotFoundAndThePastIsNotKept() throws ParseException {
    for (String number : new String[] {"999999999", "9999999999999", "-1", "01", "x"}) {
      plant.get(null, "/oauth2/status/" + number).expect(404);
    }
    Place place = Place.of(token(plant.attested("statuslist-5")));
    plant.get(null, path(place.uri) + "?time=1700000000").expect(501);
    assertEquals(
        "GET",
        plant
            .post(null, path(place.uri), "text/plain", BodyPublishers.ofString("x"))
            .expect(405)
            .header("Allow"));
  }

  @Test
  void aDeviceIsToldWhenToRenewAndWhyItIsRefused() {
    Unit camera = plant.attested("statuslist-6");
    JsonNode granted = camera.token(Plant.VIDEO).expect(200).json();
    long life = granted.get("expires_in").asLong();
    long after = granted.get("renew_after").asLong();
    assertTrue(after >= life * 0.69 && after <= life * 0.9, after + " of " + life);

    JsonNode refused =
        plant.enrolled("statuslist-7").token(Plant.VIDEO).expect(403).json();
    JsonNode reason = refused.at("/reasons/0");
    assertEquals("access_denied", refused.get("error").asText());
    assertEquals(plant.name(), reason.get("policy").asText(), refused.toString());
    assertFalse(reason.get("detail").asText().isEmpty());
    assertTrue(reason.hasNonNull("code") && reason.hasNonNull("remedy"), refused.toString());

    camera.become("suspend").expect(200);
    assertEquals(403, camera.token(Plant.VIDEO).status());
  }

  private void awaitInvalid(Place place) {
    Patience.untilTrue("the list says so", () -> invalid(list(place), place.index));
  }

  private Answer list(Place place) {
    return plant.get(null, path(place.uri)).expect(200);
  }

  private String path(String uri) {
    assertTrue(uri.startsWith(wire.devices()), uri);
    return uri.substring(wire.devices().length());
  }

  private static boolean invalid(Answer answer, int index) {
    try {
      Map<String, Object> list =
          SignedJWT.parse(answer.text()).getJWTClaimsSet().getJSONObjectClaim("status_list");
      assertEquals(1L, list.get("bits"));
      byte[] zlib = new Base64URL(String.valueOf(list.get("lst"))).decode();
      byte[] octets = new InflaterInputStream(new ByteArrayInputStream(zlib)).readAllBytes();
      return (octets[index / 8] >> index % 8 & 1) == 1;
    } catch (ParseException e) {
      throw new AssertionError("not a status list: " + answer, e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String token(Unit unit) {
    return unit.token(Plant.VIDEO).expect(200).json().get("access_token").asText();
  }
}

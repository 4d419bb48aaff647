package io.sallyport.door.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.TestPki;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** http-01 (RFC 8555 §8.3), and that the server is not led astray by it. */
@QuarkusTest
class AcmeHttpProofConformanceTest extends AcmeServerTest {
  private static final String PATH = "/.well-known/acme-challenge/";

  /** The error of the challenge for {@code host}, whose page is {@code page} after the token is put in for {@code T}. */
  private JsonNode failed(String host, String page) {
    AcmeClient client = client().open(binding(unit(), host));
    String authorization =
        order(client, host).expect(201).json().get("authorizations").get(0).asText();
    JsonNode challenge =
        client.post(authorization, null).json().get("challenges").get(0);
    String token = challenge.get("token").asText();
    serve(PATH + token, page.replace("T", token));
    serve("/elsewhere", token + "." + client.thumbprint());
    client.post(challenge.get("url").asText(), Map.of()).expect(200);
    JsonNode settled = settled(client, authorization);
    assertEquals("invalid", settled.get("status").asText(), settled::toString);
    return settled.get("challenges").get(0).get("error");
  }

  private static void assertError(String name, JsonNode error) {
    assertEquals(AcmeClient.URN + name, error.get("type").asText(), error::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "T", "T.", "T.AAAA", "something else"})
  void aWrongAnswerIsNoProof(String page) {
    assertError("incorrectResponse", failed("127-0-0-1.wrong.acme.test", page));
  }

  @Test
  void anAnswerThatIsTooLongIsNoProof() {
    assertError("connection", failed("127-0-0-1.long.acme.test", "x".repeat(5000)));
  }

  @Test
  void aNameWithoutAddressIsNoProof() {
    assertError("dns", failed("nowhere.acme.test", ""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127-0-0-2.refused.acme.test",
        "169-254-169-254.refused.acme.test",
        "169-254-1-1.refused.acme.test",
        "0-0-0-0.refused.acme.test",
        "100-100-100-200.refused.acme.test",
        "224-0-0-1.refused.acme.test",
        "loopback6.refused.acme.test",
        "127-0-0-1.169-254-169-254.refused.acme.test"
      })
  void anAddressThatIsNotAllowedIsNotAsked(String host) {
    JsonNode error = failed(host, "");

    assertError("connection", error);
    assertEquals(
        "A host name on the way has an address in a network that is not asked unless the operator allows it.",
        error.get("detail").asText());
  }

  /** Another name may be anybody's, also one that is asked otherwise. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "127-0-0-1.another.acme.test",
        "127.0.0.1",
        "127.0.0.2",
        "127-0-0-2.redirect.acme.test",
        "[::1]",
        "169.254.169.254",
        "nowhere.acme.test"
      })
  void aRedirectToAnotherNameIsNotFollowed(String host) {
    JsonNode error = failed("127-0-0-1.redirects.acme.test", ">http://" + host + "/elsewhere");

    assertError("incorrectResponse", error);
    assertEquals(
        "The device redirects to another host name; only redirects within 127-0-0-1.redirects.acme.test are followed.",
        error.get("detail").asText());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ">https://127-0-0-1.redirects.acme.test/elsewhere",
        ">http://127-0-0-1.redirects.acme.test:22/elsewhere",
        ">http://user@127-0-0-1.redirects.acme.test/elsewhere",
        ">file:///etc/hostname",
        ">http:",
        ">/.well-known/acme-challenge/T"
      })
  void anOddRedirectIsNotFollowed(String redirect) {
    assertError("incorrectResponse", failed("127-0-0-1.odd.acme.test", redirect));
  }

  @Test
  void aRedirectOnTheDeviceIsFollowed() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    String authorization = order(client, unit.host())
        .expect(201)
        .json()
        .get("authorizations")
        .get(0)
        .asText();
    JsonNode challenge =
        client.post(authorization, null).json().get("challenges").get(0);
    String token = challenge.get("token").asText();
    serve(PATH + token, ">/moved/" + token);
    serve("/moved/" + token, token + "." + client.thumbprint() + "\n");

    client.post(challenge.get("url").asText(), Map.of()).expect(200);

    assertEquals("valid", settled(client, authorization).get("status").asText());
    assertEquals(
        "valid",
        client
            .post(challenge.get("url").asText(), Map.of())
            .json()
            .get("status")
            .asText());
  }

  @Test
  void anOrderWhoseProofFailedIsInvalid() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    String url = order(client, unit.host()).expect(201).header("Location");
    JsonNode order = client.post(url, null).json();
    String authorization = order.get("authorizations").get(0).asText();
    client
        .post(authorization.replace("/authorization/", "/challenge/"), Map.of())
        .expect(200);
    serve("/", "");
    settled(client, authorization);

    assertEquals("invalid", client.post(url, null).json().get("status").asText());
    assertRefused(
        403, "orderNotReady", complete(client, order, request(TestPki.key(), unit.host())));
  }
}

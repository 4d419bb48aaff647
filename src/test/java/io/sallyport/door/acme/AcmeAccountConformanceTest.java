package io.sallyport.door.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.door.acme.AcmeClient.Binding;
import io.sallyport.testing.Answer;
import io.sallyport.testing.TestPki;
import java.net.http.HttpRequest.BodyPublishers;
import java.security.KeyPair;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Accounts and what binds them to a device (RFC 8555 §7.3). */
@QuarkusTest
class AcmeAccountConformanceTest extends AcmeServerTest {
  @Test
  void anAccountNeedsABinding() {
    AcmeClient client = client();

    assertRefused(403, "externalAccountRequired", client.post(client.url("new-account"), Map.of()));
  }

  @Test
  void aKeyWithoutAnAccountIsNotGivenOne() {
    AcmeClient client = client();

    assertRefused(
        400,
        "accountDoesNotExist",
        client.post(client.url("new-account"), Map.of("onlyReturnExisting", true)));
  }

  @Test
  void theSameKeyFindsItsAccountAgain() {
    AcmeClient client = account(unit());
    String account = client.kid();
    AcmeClient again = client(client.keys);

    Answer answer = again.post(again.url("new-account"), Map.of()).expect(200);

    assertEquals(account, answer.header("Location"));
  }

  @Test
  void aBindingOpensOneAccount() {
    Unit unit = unit();
    Binding binding = binding(unit);
    client().open(binding);

    assertRefused(401, "unauthorized", client().register(binding));
  }

  @Test
  void aWrongMacOpensNothing() {
    Binding binding = binding(unit());
    String other = AcmeClient.base64(new byte[32]);

    assertRefused(401, "unauthorized", client().register(new Binding(binding.kid(), other)));
    client().open(binding);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nobody", "00000000-0000-7000-8000-000000000000", ""})
  void anUnknownBindingOpensNothing(String kid) {
    Binding binding = binding(unit());

    assertRefused(401, "unauthorized", client().register(new Binding(kid, binding.key())));
  }

  @Test
  void aBindingForAnotherUrlOpensNothing() {
    AcmeClient client = client();
    ObjectNode proof =
        AcmeClient.binding(binding(unit()), client.url("new-order"), client.keys.getPublic());

    assertRefused(
        403,
        "unauthorized",
        client.post(client.url("new-account"), Map.of("externalAccountBinding", proof)));
  }

  @Test
  void aBindingOfAnotherKeyOpensNothing() {
    AcmeClient client = client();
    ObjectNode proof = AcmeClient.binding(
        binding(unit()), client.url("new-account"), TestPki.key().getPublic());

    assertRefused(
        400,
        "malformed",
        client.post(client.url("new-account"), Map.of("externalAccountBinding", proof)));
  }

  @Test
  void aBindingIsForTheProfilesOfItsDevice() {
    wire.document("/api/v1/profiles/acme-client-only", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: acme-client-only}
        """);
    String id = wire.register(maker, "client-only", "acme-client-only");
    Binding binding = binding(new Unit(id, "client-only", "127-0-0-1.only.acme.test"));

    assertRefused(
        403,
        "unauthorized",
        new AcmeClient(wire, http, "device-server", TestPki.key()).register(binding));
    client().open(binding);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "a.localhost",
        "camera",
        "*.acme.test",
        "127.0.0.1",
        "a..test",
        "-a.test",
        "a.test.",
        "ä.test"
      })
  void aBindingCannotAllowAReservedOrImpossibleName(String host) {
    assertEquals(422, bindingFor(host));
  }

  @Test
  void aBindingCannotAllowTheServersOwnName() {
    assertEquals(422, bindingFor("device-front.sallyport.test"));
  }

  private int bindingFor(String host) {
    return wire.send(
            null,
            wire.person("/api/v1/acme-accounts/bindings")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(
                    AcmeClient.text(Map.of("device", unit().id(), "host_names", List.of(host)))))
                .build())
        .statusCode();
  }

  @Test
  void aDeactivatedAccountMayDoNothing() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    String order = order(client, unit.host()).expect(201).header("Location");

    Answer answer = client.post(client.kid(), Map.of("status", "deactivated")).expect(200);

    assertEquals("deactivated", answer.json().get("status").asText());
    assertRefused(401, "unauthorized", client.post(order, null));
    assertRefused(401, "unauthorized", order(client, unit.host()));
    AcmeClient again = client(client.keys);
    assertRefused(401, "unauthorized", again.post(again.url("new-account"), Map.of()));
  }

  @Test
  void anAccountThatAnOperatorTookAwayMayDoNothing() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    String id = client.kid().substring(client.kid().lastIndexOf('/') + 1);

    JsonNode revoked = wire.admin("POST", "/api/v1/acme-accounts/" + id + "/revoke", Map.of());

    assertEquals("revoked", revoked.get("status").asText());
    assertRefused(401, "unauthorized", order(client, unit.host()));
  }

  @Test
  void contactsAreChanged() {
    AcmeClient client = account(unit());

    Answer answer = client
        .post(client.kid(), Map.of("contact", List.of("mailto:ops@plant.example")))
        .expect(200);

    assertEquals("mailto:ops@plant.example", answer.json().get("contact").get(0).asText());
    assertRefused(
        400,
        "invalidContact",
        client.post(client.kid(), Map.of("contact", List.of("mailto:a@b.example,c@d.example"))));
  }

  @Test
  void anotherAccountIsNotSeen() {
    AcmeClient client = account(unit());
    AcmeClient other = account(unit());

    assertRefused(403, "unauthorized", client.post(other.kid(), null));
    assertRefused(403, "unauthorized", client.post(other.kid() + "/orders", null));
  }

  @Test
  void anAccountOfOneProfileIsNoneOfAnother() {
    AcmeClient client = account(unit());
    AcmeClient elsewhere = new AcmeClient(wire, http, "device-server", client.keys);

    elsewhere.kid(client.kid());
    assertRefused(403, "unauthorized", elsewhere.post(elsewhere.url("new-order"), Map.of()));
    elsewhere.kid(client.kid().replace("/device/", "/device-server/"));
    assertRefused(403, "unauthorized", elsewhere.post(elsewhere.url("new-order"), Map.of()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"account/00000000-0000-7000-8000-000000000000", "account/1", "order/1"})
  void anUnknownAccountDoesNotExist(String kid) {
    AcmeClient client = client();
    client.kid(client.url(kid));

    assertRefused(400, "accountDoesNotExist", client.post(client.url("new-order"), Map.of()));
  }

  @Test
  void anAccountMovesToANewKeyAndItsOrdersGoOn() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    JsonNode order = order(client, unit.host()).expect(201).json();
    KeyPair next = TestPki.key();

    changeKey(client, next, client.kid(), client.keys).expect(200);

    assertRefused(401, "unauthorized", client.post(client.kid(), null));
    AcmeClient moved = client(next);
    moved.kid(client.kid());
    prove(moved, order.get("authorizations").get(0).asText());
    Answer done = complete(moved, order, request(TestPki.key(), unit.host())).expect(200);
    assertEquals("valid", done.json().get("status").asText());
  }

  @Test
  void aKeyThatHasAnAccountIsNotTaken() {
    AcmeClient client = account(unit());
    AcmeClient other = account(unit());

    Answer answer = changeKey(client, other.keys, client.kid(), client.keys);

    assertRefused(409, "malformed", answer);
    assertEquals(other.kid(), answer.header("Location"));
  }

  @Test
  void aKeyChangeNamesTheAccountAndItsKey() {
    AcmeClient client = account(unit());
    AcmeClient other = account(unit());

    assertRefused(400, "malformed", changeKey(client, TestPki.key(), other.kid(), client.keys));
    assertRefused(400, "malformed", changeKey(client, TestPki.key(), client.kid(), other.keys));
    client.post(client.kid(), null).expect(200);
  }

  @Test
  void aKeyChangeIsSignedByTheNewKey() {
    AcmeClient client = account(unit());
    KeyPair next = TestPki.key();
    ObjectNode inner = inner(client, next, client.kid(), client.keys);
    ObjectNode forged = AcmeClient.jws(
        AcmeClient.JSON
            .createObjectNode()
            .put("alg", "ES256")
            .put("url", client.url("key-change"))
            .set("jwk", AcmeClient.jwk(next.getPublic())),
        "{}",
        TestPki.key());
    forged.set("payload", inner.get("payload"));

    assertRefused(401, "unauthorized", client.post(client.url("key-change"), forged));
  }

  private static Answer changeKey(AcmeClient client, KeyPair next, String account, KeyPair old) {
    return client.post(client.url("key-change"), inner(client, next, account, old));
  }

  private static ObjectNode inner(AcmeClient client, KeyPair next, String account, KeyPair old) {
    ObjectNode header =
        AcmeClient.JSON.createObjectNode().put("alg", "ES256").put("url", client.url("key-change"));
    header.set("jwk", AcmeClient.jwk(next.getPublic()));
    return AcmeClient.jws(
        header,
        AcmeClient.text(Map.of("account", account, "oldKey", AcmeClient.jwk(old.getPublic()))),
        next);
  }

  @Test
  void bindingsAndAccountsAreListedWithoutSecrets() {
    Unit unit = unit();
    AcmeClient client = account(unit);
    String id = client.kid().substring(client.kid().lastIndexOf('/') + 1);

    JsonNode bindings = wire.admin("GET", "/api/v1/acme-accounts/bindings?limit=1000", null);
    JsonNode accounts = wire.admin("GET", "/api/v1/acme-accounts?limit=1000", null);

    assertFalse(bindings.toString().contains("hmac_key"));
    assertTrue(bindings.toString().contains(unit.id()));
    assertTrue(accounts.toString().contains(id));
  }
}

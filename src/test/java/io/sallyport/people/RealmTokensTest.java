package io.sallyport.people;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.sallyport.kernel.Refusal;
import io.sallyport.people.Operators.Operator;
import io.sallyport.people.Operators.Role;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RealmTokensTest {
  private static final String ISSUER = "https://keycloak.plant.example/realms/plant";
  private static final String AUDIENCE = "sallyport-api";
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
  private static final RSAKey REALM = key("realm");
  private static final RSAKey STRANGER = key("realm");

  private final List<Boolean> asked = new ArrayList<>();
  private JWKSet keys = new JWKSet(REALM.toPublicJWK());
  private final RealmTokens tokens = new RealmTokens(
      ISSUER,
      unknown -> {
        asked.add(unknown);
        return keys;
      },
      Clock.fixed(NOW, ZoneOffset.UTC));

  @Test
  void aTokenOfTheRealmTellsNameRolesAndSites() {
    Operator operator = operator(signed(REALM, claims().build()));

    assertEquals("oidc:ada", operator.name());
    assertEquals(Set.of(Role.FLEET_OPERATOR, Role.AUDITOR), operator.roles());
    assertEquals(Set.of("plant-1", "north/west"), operator.sites());
  }

  @Test
  void rolesOfTheRealmAndOfOtherClientsAreNotOurs() {
    Map<String, Object> administrator = Map.of("roles", List.of("administrator"));

    assertEquals(
        Set.of(),
        operator(signed(
                REALM,
                claims()
                    .claim("realm_access", administrator)
                    .claim("resource_access", Map.of("warehouse-api", administrator))
                    .build()))
            .roles());
    assertEquals(
        Set.of(),
        operator(signed(
                REALM,
                claims()
                    .claim("realm_access", administrator)
                    .claim("resource_access", null)
                    .build()))
            .roles());
  }

  @Test
  void aKeyThatIsNewIsAskedForOnce() {
    keys = new JWKSet();
    assertThrows(Refusal.class, () -> operator(signed(REALM, claims().build())));
    assertEquals(List.of(false, true), asked);
  }

  @Test
  void whoeverIsInNoGroupSeesEverySiteButATokenThatDoesNotTellIsRefused() {
    assertEquals(
        Set.of(),
        operator(signed(REALM, claims().claim("groups", List.of("/staff")).build()))
            .sites());
    assertEquals(
        Set.of(),
        operator(signed(
                REALM,
                claims()
                    .claim("groups", null)
                    .claim("sallyport_sites", "groups")
                    .build()))
            .sites());
    Refusal refusal = assertThrows(
        Refusal.class,
        () -> operator(signed(REALM, claims().claim("groups", null).build())));
    assertTrue(refusal.detail().contains("groups"), refusal::detail);
  }

  static Stream<Arguments> wrongClaims() {
    return Stream.of(
        wrong("has expired", token -> token.expirationTime(at(-31))),
        wrong("never expires", token -> token.expirationTime(null)),
        wrong("is not valid yet", token -> token.notBeforeTime(at(31))),
        wrong("is another realm's", token -> token.issuer(ISSUER + "2")),
        wrong("is nobody's", token -> token.issuer(null)),
        wrong("is for another audience", token -> token.audience("account")),
        wrong("is for nobody", token -> token.audience((String) null)),
        wrong("is an identity token", token -> token.claim("typ", "ID")),
        wrong("is a refresh token", token -> token.claim("typ", "Refresh")),
        wrong("names nobody", token -> token.claim("preferred_username", null)),
        wrong("has a line break in the name", token -> token.claim("preferred_username", "a\nb")),
        wrong("has a number for a name", token -> token.claim("preferred_username", 7)),
        wrong("has a word for roles", token -> token.claim("resource_access", "auditor")),
        wrong("has a site with a comma", token -> token.claim("groups", List.of("/sites/a,b"))),
        wrong("has a site without a name", token -> token.claim("groups", List.of("/sites/"))));
  }

  @ParameterizedTest(name = "a token that {0}")
  @MethodSource("wrongClaims")
  void isRefused(String what, UnaryOperator<JWTClaimsSet.Builder> change) {
    refused(signed(REALM, change.apply(claims()).build()));
  }

  @Test
  void aTokenThatTheRealmDidNotSignIsRefused() throws JOSEException {
    refused(signed(STRANGER, claims().build()));
    refused(new PlainJWT(claims().build()).serialize());
    String good = signed(REALM, claims().build());
    int last = good.lastIndexOf('.');
    refused(good.substring(0, last + 1));
    refused(good.substring(0, last) + "."
        + good.substring(last + 1).replace('A', 'B').replace('Q', 'R'));
    SignedJWT symmetric = new SignedJWT(
        new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("realm").build(),
        claims().build());
    symmetric.sign(new MACSigner(REALM.toRSAPublicKey().getEncoded()));
    refused(symmetric.serialize());
  }

  @Test
  void aTokenOfAnotherTypeOrBeyondAnyLengthIsRefused() {
    refused(signed(REALM, claims().build(), new JOSEObjectType("logout+jwt")));
    refused(signed(
        REALM, claims().claim("padding", "x".repeat(RealmTokens.LONGEST)).build()));
    refused("a.b.c");
    refused("");
  }

  private Operator operator(String token) {
    return tokens.operator(tokens.claims(token, AUDIENCE, "Bearer"), AUDIENCE);
  }

  private void refused(String token) {
    Refusal refusal = assertThrows(Refusal.class, () -> operator(token));
    assertEquals(PeopleProblem.WRONG_CREDENTIALS, refusal.problem());
  }

  private static Arguments wrong(String what, UnaryOperator<JWTClaimsSet.Builder> change) {
    return Arguments.of(what, change);
  }

  private static JWTClaimsSet.Builder claims() {
    return new JWTClaimsSet.Builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .subject("6f1c")
        .issueTime(at(-60))
        .expirationTime(at(240))
        .claim("typ", "Bearer")
        .claim("preferred_username", "ada")
        .claim("realm_access", Map.of("roles", List.of("administrator", "offline_access")))
        .claim(
            "resource_access",
            Map.of(
                AUDIENCE,
                Map.of("roles", List.of("fleet-operator", "auditor", "gardener")),
                "account",
                Map.of("roles", List.of("administrator"))))
        .claim("groups", List.of("/staff", "/sites/plant-1", "/sites/north/west"));
  }

  private static Date at(int seconds) {
    return Date.from(NOW.plusSeconds(seconds));
  }

  private static String signed(RSAKey key, JWTClaimsSet claims) {
    return signed(key, claims, JOSEObjectType.JWT);
  }

  private static String signed(RSAKey key, JWTClaimsSet claims, JOSEObjectType type) {
    try {
      SignedJWT token = new SignedJWT(
          new JWSHeader.Builder(JWSAlgorithm.RS256)
              .keyID(key.getKeyID())
              .type(type)
              .build(),
          claims);
      JWSSigner signer = new RSASSASigner(key);
      token.sign(signer);
      return token.serialize();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  private static RSAKey key(String id) {
    try {
      return new RSAKeyGenerator(2048).keyID(id).keyUse(KeyUse.SIGNATURE).generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }
}

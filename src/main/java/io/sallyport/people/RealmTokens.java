package io.sallyport.people;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import io.sallyport.kernel.Refusal;
import io.sallyport.people.Operators.Operator;
import io.sallyport.people.Operators.Role;
import java.text.ParseException;
import java.time.Clock;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Checks what a realm signed (RFC 7519, RFC 8725) and reads who it speaks of. Safe for any thread. */
final class RealmTokens {
  /** Beyond it nothing is parsed; tokens with many roles and groups have some 4 KiB. */
  static final int LONGEST = 16 * 1024;

  /** What a realm may sign with; nothing symmetric, and not {@code none}. */
  private static final Set<JWSAlgorithm> ALGORITHMS = Set.of(
      JWSAlgorithm.RS256,
      JWSAlgorithm.RS384,
      JWSAlgorithm.RS512,
      JWSAlgorithm.PS256,
      JWSAlgorithm.PS384,
      JWSAlgorithm.PS512,
      JWSAlgorithm.ES256,
      JWSAlgorithm.ES384,
      JWSAlgorithm.ES512);

  private static final int SKEW_SECONDS = 30;
  private static final String NAMES = "oidc:";
  private static final String SITES = "/sites/";

  /** The claim that says where a token tells its sites; set next to the mapper of groups. */
  static final String SITES_FROM = "sallyport_sites";

  private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}\\s]{1,128}");

  private final String issuer;
  private final Function<Boolean, JWKSet> keys;
  private final Clock clock;

  /** @param keys the realm's, asked with true when one was not among those given before */
  RealmTokens(String issuer, Function<Boolean, JWKSet> keys, Clock clock) {
    this.issuer = issuer;
    this.keys = keys;
    this.clock = clock;
  }

  /** The claims of a live token of the realm for {@code audience}; refuses anything else. */
  JWTClaimsSet claims(String token, String audience, String type) {
    if (token.length() > LONGEST) {
      throw wrong();
    }
    DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(
        JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
    processor.setJWSKeySelector(
        new JWSVerificationKeySelector<>(ALGORITHMS, (selector, context) -> select(selector)));
    processor.setJWTClaimsSetVerifier(new Verifier(issuer, audience, clock));
    try {
      JWTClaimsSet claims = processor.process(token, null);
      // Keycloak says so in a claim of its own: an identity or refresh token is not a bearer token.
      String said = claims.getStringClaim("typ");
      if (said != null && !said.equals(type)) {
        throw wrong();
      }
      return claims;
    } catch (ParseException | BadJOSEException | JOSEException | IllegalArgumentException e) {
      throw wrong();
    }
  }

  private List<JWK> select(JWKSelector selector) {
    List<JWK> found = selector.select(keys.apply(false));
    return found.isEmpty() ? selector.select(keys.apply(true)) : found;
  }

  /**
   * Who the claims of an access token speak of. Only roles of the client {@code audience} count: those of the realm and of
   * other clients belong to whatever else the realm serves.
   */
  Operator operator(JWTClaimsSet claims, String audience) {
    try {
      String name = claims.getStringClaim("preferred_username");
      if (name == null || !NAME.matcher(name).matches()) {
        throw wrong();
      }
      return new Operator(NAMES + name, roles(claims, audience), sites(claims));
    } catch (ParseException e) {
      throw wrong();
    }
  }

  private static Set<Role> roles(JWTClaimsSet claims, String audience) throws ParseException {
    Map<String, Object> clients = claims.getJSONObjectClaim("resource_access");
    Set<Role> roles = new HashSet<>();
    if (clients != null
        && clients.get(audience) instanceof Map<?, ?> own
        && own.get("roles") instanceof List<?> words) {
      words.forEach(word -> Role.of(String.valueOf(word)).ifPresent(roles::add));
    }
    return roles;
  }

  /**
   * Keycloak leaves the groups out for whoever is in none. A token without the mark was made without the mapper, and would
   * show every site to whoever is bound to some.
   */
  private static Set<String> sites(JWTClaimsSet claims) throws ParseException {
    List<String> groups = claims.getStringListClaim("groups");
    if (groups == null && "groups".equals(claims.getClaim(SITES_FROM))) {
      return Set.of();
    }
    if (groups == null) {
      throw new Refusal(
          PeopleProblem.WRONG_CREDENTIALS,
          "The token has no claim \"groups\"; apply the realm's set-up to its client.");
    }
    Set<String> sites = new HashSet<>();
    for (String group : groups) {
      if (group.startsWith(SITES)) {
        String site = group.substring(SITES.length());
        if (!OperatorRules.isSite(site)) {
          throw wrong();
        }
        sites.add(site);
      }
    }
    if (sites.size() > OperatorRules.MOST_SITES) {
      throw new Refusal(
          PeopleProblem.WRONG_CREDENTIALS,
          "The person has more than " + OperatorRules.MOST_SITES + " sites.");
    }
    return sites;
  }

  private static Refusal wrong() {
    return new Refusal(
        PeopleProblem.WRONG_CREDENTIALS, "This is not a live token of the realm for this server.");
  }

  /** By this server's clock. */
  private static final class Verifier extends DefaultJWTClaimsVerifier<SecurityContext> {
    private final Clock clock;

    Verifier(String issuer, String audience, Clock clock) {
      super(
          audience, new JWTClaimsSet.Builder().issuer(issuer).build(), Set.of("exp", "iat", "sub"));
      this.clock = clock;
      setMaxClockSkew(SKEW_SECONDS);
    }

    @Override
    protected Date currentTime() {
      return Date.from(clock.instant());
    }
  }
}

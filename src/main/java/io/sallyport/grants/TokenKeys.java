package io.sallyport.grants;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.impl.ECDSA;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.grants.GrantKeys.GrantKey;
import io.sallyport.grants.KeyTerms.Term;
import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.vertx.core.json.JsonObject;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.ECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The keys that tokens are signed with: ES256 (RFC 7518 §3.4) by the one whose turn it is. A superseded key is published
 * until the last grant that it signed has ended.
 */
@Singleton
final class TokenKeys {
  /** After the first start made the master key. */
  static final int PRIORITY = 2600;

  static final String PURPOSE = "grants";
  private static final JOSEObjectType TYPE = new JOSEObjectType("at+jwt");

  private static final Base64.Encoder PART = Base64.getUrlEncoder().withoutPadding();

  /** Another node may have made a further one. */
  private static final Duration READ_EVERY = Duration.ofMinutes(1);

  /** The longest that a policy grants for, and what the clocks of two nodes may differ by. */
  private static final Duration LONGEST_GRANT = Duration.ofHours(25);

  /** A key to sign with and the header of grants that it signs, and all keys to check with. */
  private record Loaded(
      UUID key,
      String keyId,
      String header,
      List<GrantKey> published,
      JWKSet keySet,
      String json,
      long nanos) {
    boolean isFresh() {
      return System.nanoTime() - nanos < READ_EVERY.toNanos();
    }
  }

  /** A key and its term. */
  private record Held(KeyHandle handle, Term term, @Nullable Instant superseded) {
    boolean countsAt(Instant now) {
      return term.countsAt(now) && (superseded == null || now.isBefore(countsToTheEnd(superseded)));
    }

    @Nullable
    Instant countsUntil() {
      return term.countsUntil() != null || superseded == null
          ? term.countsUntil()
          : countsToTheEnd(superseded);
    }

    private static Instant countsToTheEnd(Instant superseded) {
      return superseded.plus(LONGEST_GRANT);
    }
  }

  private final Keys keys;
  private final KeyTerms terms;
  private final Clock clock;
  private volatile @Nullable Loaded loaded;

  TokenKeys(Keys keys, KeyTerms terms, Clock clock) {
    this.keys = keys;
    this.terms = terms;
    this.clock = clock;
  }

  void start(@Observes @Priority(PRIORITY) StartupEvent event) {
    loaded();
  }

  /** Signs the claims of a grant as a compact JWS. */
  String sign(Map<String, Object> claims) {
    Loaded current = loaded();
    return sign(current, current.header, claims);
  }

  /** Signs claims as a compact JWS of this type. */
  String sign(JOSEObjectType type, Map<String, Object> claims) {
    Loaded current = loaded();
    return sign(current, header(type, current.keyId), claims);
  }

  /** The first part of a token, with its dot. */
  private static String header(JOSEObjectType type, String keyId) {
    return new JWSHeader.Builder(JWSAlgorithm.ES256)
            .type(type)
            .keyID(keyId)
            .build()
            .toBase64URL() + ".";
  }

  private String sign(Loaded current, String header, Map<String, Object> claims) {
    String input =
        header + PART.encodeToString(new JsonObject(claims).toBuffer().getBytes());
    byte[] der = keys.sign(current.key, input.getBytes(StandardCharsets.US_ASCII));
    try {
      int length = ECDSA.getSignatureByteArrayLength(JWSAlgorithm.ES256);
      return input + "." + PART.encodeToString(ECDSA.transcodeSignatureToConcat(der, length));
    } catch (JOSEException e) {
      throw new IllegalStateException("the key gave a signature that is not ECDSA", e);
    }
  }

  /** The claims of a token that one of these keys signed; empty for anything else, whatever it is. */
  Optional<JWTClaimsSet> verify(String token) {
    try {
      SignedJWT jwt = SignedJWT.parse(token);
      JWK key = loaded().keySet.getKeyByKeyId(jwt.getHeader().getKeyID());
      return key != null
              && TYPE.equals(jwt.getHeader().getType())
              && jwt.getHeader().getAlgorithm().equals(JWSAlgorithm.ES256)
              && jwt.verify(new ECDSAVerifier(key.toECKey()))
          ? Optional.of(jwt.getJWTClaimsSet())
          : Optional.empty();
    } catch (ParseException | JOSEException | IllegalArgumentException notOurs) {
      return Optional.empty();
    }
  }

  String keySet() {
    return loaded().json;
  }

  List<GrantKey> published() {
    return loaded().published;
  }

  /** What this node itself changed counts here at once. */
  synchronized void readAgain() {
    loaded = read();
  }

  private Loaded loaded() {
    Loaded current = loaded;
    return current == null || !current.isFresh() ? load() : current;
  }

  private synchronized Loaded load() {
    Loaded current = loaded;
    if (current == null) {
      keys.shared(KeyAlgorithm.EC_P256, PURPOSE);
      loaded = read();
    } else if (!current.isFresh()) {
      try {
        loaded = read();
      } catch (RuntimeException away) {
        // What was read last is still right, only perhaps not all.
        loaded = new Loaded(
            current.key,
            current.keyId,
            current.header,
            current.published,
            current.keySet,
            current.json,
            System.nanoTime());
      }
    }
    return Objects.requireNonNull(loaded);
  }

  private Loaded read() {
    Instant now = clock.instant();
    List<Held> counting = held().stream().filter(key -> key.countsAt(now)).toList();
    Held signing = counting.stream()
        .filter(key -> !key.term.signsFrom().isAfter(now))
        .max(Comparator.comparing(key -> key.term.signsFrom()))
        .orElseThrow(() -> new IllegalStateException("no key for grants may sign"));
    List<JWK> jwks = counting.stream()
        .<JWK>map(key -> jwk(key.handle.subjectPublicKeyInfo()))
        .toList();
    List<GrantKey> published = new ArrayList<>();
    for (int i = 0; i < jwks.size(); i++) {
      Held key = counting.get(i);
      published.add(new GrantKey(
          key.handle.id(),
          jwks.get(i).getKeyID(),
          key.term.signsFrom(),
          key.countsUntil(),
          key == signing));
    }
    JWKSet keySet = new JWKSet(jwks);
    String keyId = jwks.get(counting.indexOf(signing)).getKeyID();
    return new Loaded(
        signing.handle.id(),
        keyId,
        header(TYPE, keyId),
        List.copyOf(published),
        keySet,
        keySet.toString(),
        System.nanoTime());
  }

  /** All that were ever made, the newest first. */
  private List<Held> held() {
    Map<UUID, Term> known = terms.read();
    List<KeyHandle> handles = keys.of(PURPOSE);
    return handles.stream()
        .map(handle -> {
          Term term = known.getOrDefault(handle.id(), Term.FIRST);
          Instant superseded = handles.stream()
              .map(other -> known.getOrDefault(other.id(), Term.FIRST))
              .filter(Term::everSigns)
              .map(Term::signsFrom)
              .filter(from -> from.isAfter(term.signsFrom()))
              .min(Comparator.naturalOrder())
              .orElse(null);
          return new Held(handle, term, superseded);
        })
        .toList();
  }

  private static ECKey jwk(Der subjectPublicKeyInfo) {
    try {
      ECPublicKey key = (ECPublicKey) KeyFactory.getInstance("EC")
          .generatePublic(new X509EncodedKeySpec(subjectPublicKeyInfo.octets()));
      return new ECKey.Builder(Curve.P_256, key)
          .keyUse(KeyUse.SIGNATURE)
          .algorithm(JWSAlgorithm.ES256)
          .keyIDFromThumbprint()
          .build();
    } catch (GeneralSecurityException | JOSEException e) {
      throw new IllegalStateException("a key made for grants is not on P-256", e);
    }
  }
}

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
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.ECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The keys that tokens are signed with: ES256 (RFC 7518 §3.4) by the newest key made for grants. */
@Singleton
final class TokenKeys {
  /** After the first start made the master key. */
  static final int PRIORITY = 2600;

  private static final String PURPOSE = "grants";
  private static final JOSEObjectType TYPE = new JOSEObjectType("at+jwt");

  /** Another node may have made a further one. */
  private static final Duration READ_EVERY = Duration.ofMinutes(1);

  /** A key to sign with, and all keys to check with. */
  private record Loaded(UUID key, String keyId, String keySet, long nanos) {
    boolean isFresh() {
      return System.nanoTime() - nanos < READ_EVERY.toNanos();
    }
  }

  private final Keys keys;
  private volatile @Nullable Loaded loaded;

  TokenKeys(Keys keys) {
    this.keys = keys;
  }

  void start(@Observes @Priority(PRIORITY) StartupEvent event) {
    loaded();
  }

  /** Signs the claims of a grant as a compact JWS. */
  String sign(JWTClaimsSet claims) {
    return sign(TYPE, claims);
  }

  /** Signs claims as a compact JWS of this type. */
  String sign(JOSEObjectType type, JWTClaimsSet claims) {
    Loaded current = loaded();
    JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.ES256)
        .type(type)
        .keyID(current.keyId)
        .build();
    String input = header.toBase64URL() + "." + claims.toPayload().toBase64URL();
    byte[] der = keys.sign(current.key, input.getBytes(StandardCharsets.US_ASCII));
    try {
      int length = ECDSA.getSignatureByteArrayLength(JWSAlgorithm.ES256);
      return input + "." + Base64URL.encode(ECDSA.transcodeSignatureToConcat(der, length));
    } catch (JOSEException e) {
      throw new IllegalStateException("the key gave a signature that is not ECDSA", e);
    }
  }

  /** The claims of a token that one of these keys signed; empty for anything else, whatever it is. */
  Optional<JWTClaimsSet> verify(String token) {
    try {
      SignedJWT jwt = SignedJWT.parse(token);
      JWK key = JWKSet.parse(loaded().keySet).getKeyByKeyId(jwt.getHeader().getKeyID());
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
    return loaded().keySet;
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
        loaded = new Loaded(current.key, current.keyId, current.keySet, System.nanoTime());
      }
    }
    return Objects.requireNonNull(loaded);
  }

  private Loaded read() {
    List<KeyHandle> handles = keys.of(PURPOSE);
    List<JWK> jwks =
        handles.stream().<JWK>map(handle -> jwk(handle.subjectPublicKeyInfo())).toList();
    return new Loaded(
        handles.getFirst().id(),
        jwks.getFirst().getKeyID(),
        new JWKSet(jwks).toString(),
        System.nanoTime());
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

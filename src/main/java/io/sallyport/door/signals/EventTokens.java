package io.sallyport.door.signals;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.impl.ECDSA;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.SecurityEvents.SecurityEvent;
import io.sallyport.enforcement.SecurityEvents.Type;
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
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes security event tokens (RFC 8417) as SSF 1.0 and CAEP 1.0 shape them: {@code typ} secevent+jwt, one event, {@code
 * sub_id}, no {@code sub} and no {@code exp}.
 */
@Singleton
final class EventTokens {
  private static final String PURPOSE = "signals";
  /** After the first start made the master key. */
  private static final int START = 2600;

  private static final JOSEObjectType TYPE = new JOSEObjectType("secevent+jwt");
  private static final String CAEP = "https://schemas.openid.net/secevent/caep/event-type/";
  private static final String SSF = "https://schemas.openid.net/secevent/ssf/event-type/";

  private final Keys keys;
  private final SignalsSettings settings;
  private volatile @Nullable Current current;

  EventTokens(Keys keys, SignalsSettings settings) {
    this.keys = keys;
    this.settings = settings;
  }

  private record Current(KeyHandle key, String keyId) {}

  void start(@Observes @Priority(START) StartupEvent event) {
    current();
  }

  String token(SecurityEvent event) {
    Current signing = current();
    JWTClaimsSet claims = claims(event);
    JWSHeader header = new JWSHeader.Builder(JWSAlgorithm.ES256)
        .type(TYPE)
        .keyID(signing.keyId)
        .build();
    String input = header.toBase64URL() + "." + claims.toPayload().toBase64URL();
    byte[] der = keys.sign(signing.key.id(), input.getBytes(StandardCharsets.US_ASCII));
    try {
      int length = ECDSA.getSignatureByteArrayLength(JWSAlgorithm.ES256);
      return input + "." + Base64URL.encode(ECDSA.transcodeSignatureToConcat(der, length));
    } catch (JOSEException e) {
      throw new IllegalStateException("the key gave a signature that is not ECDSA", e);
    }
  }

  private JWTClaimsSet claims(SecurityEvent event) {
    Map<String, Object> payload = new HashMap<>(event.payload());
    Map<String, Object> subject;
    if (event.type() == Type.VERIFICATION) {
      subject = Map.of("format", "opaque", "id", event.point().id().toString());
    } else {
      subject = Map.of("format", "opaque", "id", event.device().toString());
      payload.put("event_timestamp", event.at().getEpochSecond());
      payload.put("initiating_entity", "policy");
    }
    return new JWTClaimsSet.Builder()
        .issuer(settings.issuer())
        .jwtID(event.id().toString())
        .issueTime(Date.from(event.at()))
        .audience(audience(event.point()))
        .claim("txn", event.transaction().toString())
        .claim("sub_id", subject)
        .claim("events", Map.of(uri(event.type()), payload))
        .build();
  }

  static String uri(Type type) {
    return (type == Type.VERIFICATION ? SSF : CAEP) + type.word();
  }

  static String audience(EnforcementPoint point) {
    return point.settings().parameters().getOrDefault("audience", point.name());
  }

  /** The keys that tokens are checked with. Reads the database: another node may have made a key. */
  String keySet() {
    return new JWKSet(keys.of(PURPOSE).stream().<JWK>map(EventTokens::jwk).toList()).toString();
  }

  private Current current() {
    Current known = current;
    return known == null ? load() : known;
  }

  private synchronized Current load() {
    Current known = current;
    if (known == null) {
      KeyHandle key = keys.shared(KeyAlgorithm.EC_P256, PURPOSE);
      known = new Current(key, jwk(key).getKeyID());
      current = known;
    }
    return known;
  }

  private static ECKey jwk(KeyHandle handle) {
    Der info = handle.subjectPublicKeyInfo();
    try {
      ECPublicKey key = (ECPublicKey)
          KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(info.octets()));
      return new ECKey.Builder(Curve.P_256, key)
          .keyUse(KeyUse.SIGNATURE)
          .algorithm(JWSAlgorithm.ES256)
          .keyIDFromThumbprint()
          .build();
    } catch (GeneralSecurityException | JOSEException e) {
      throw new IllegalStateException("a key made for signals is not on P-256", e);
    }
  }
}

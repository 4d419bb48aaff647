package io.sallyport.attestation;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.crypto.impl.ECDSA;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import io.sallyport.attestation.Appraisal.Claim;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.ECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Writes attestation results as EAR (draft-ietf-rats-ear-04) in a JWT, signed with ES256 by this server's key of purpose
 * {@code verifier}, which is made when first needed. Safe for any thread; signs, so it is called outside a transaction.
 */
@Singleton
final class EarIssuer {
  static final String PROFILE = "tag:ietf.org,2026:rats/ear#04";
  static final String PURPOSE = "verifier";

  private static final JOSEObjectType TYPE = new JOSEObjectType("eat+jwt");
  private static final String DEVELOPER = "https://sallyport.io";
  private static final int SIGNATURE_OCTETS = 64;

  private final Keys keys;
  private final Devices devices;
  private final Transactions transactions;
  private final String build;
  private volatile @Nullable SigningKey signingKey;

  EarIssuer(
      Keys keys,
      Devices devices,
      Transactions transactions,
      @ConfigProperty(name = "quarkus.application.version", defaultValue = "unknown")
          String version) {
    this.keys = keys;
    this.devices = devices;
    this.transactions = transactions;
    this.build = "sallyport " + version;
  }

  /**
   * What is to be certified.
   *
   * @param credential thumbprint of the certificate whose key signed the evidence
   * @param nonce the one that the evidence answered
   */
  record Result(
      UUID id,
      UUID device,
      Digest credential,
      String nonce,
      String submodule,
      TrustTier status,
      Map<String, Claim> claims,
      Map<String, Object> observed,
      List<String> policyIds,
      Instant at,
      Instant expiresAt) {}

  /** The EAR as compact JWS. */
  String issue(Result result) {
    SigningKey key = signingKey();
    JWSHeader header =
        new JWSHeader.Builder(JWSAlgorithm.ES256).type(TYPE).keyID(key.kid()).build();
    JWSObject unsigned = new JWSObject(header, claims(result).toPayload());
    String signed = new String(unsigned.getSigningInput(), StandardCharsets.US_ASCII);
    try {
      byte[] der = keys.sign(key.id(), unsigned.getSigningInput());
      return signed + "."
          + Base64URL.encode(ECDSA.transcodeSignatureToConcat(der, SIGNATURE_OCTETS));
    } catch (JOSEException e) {
      throw new IllegalStateException("the verifier's key made no ECDSA signature in DER", e);
    }
  }

  private JWTClaimsSet claims(Result result) {
    Map<String, Object> vector = new TreeMap<>();
    Map<String, Object> grounds = new TreeMap<>();
    result.claims().forEach((name, claim) -> {
      vector.put(name, claim.value());
      grounds.put(
          name,
          Map.of(
              "assurance", claim.assurance().word(),
              "source", claim.source(),
              "reason", claim.reason()));
    });
    Map<String, Object> appraisal = new LinkedHashMap<>();
    appraisal.put("ear_status", result.status().word());
    appraisal.put("ear_trustworthiness_vector", vector);
    appraisal.put("ear_appraisal_policy_ids", result.policyIds());
    appraisal.put("eat_nonce", result.nonce());
    appraisal.put("ear_attester_claims", new TreeMap<>(result.observed()));
    appraisal.put("ear_verifier_claims", grounds);
    return new JWTClaimsSet.Builder()
        .claim("eat_profile", PROFILE)
        .jwtID(result.id().toString())
        .subject(result.device().toString())
        .claim("cnf", Map.of("x5t#S256", result.credential().base64Url()))
        .issueTime(Date.from(result.at()))
        .expirationTime(Date.from(result.expiresAt()))
        .claim("ear_status", result.status().word())
        .claim("ear_verifier_id", Map.of("developer", DEVELOPER, "build", build))
        .claim("submods", Map.of(result.submodule(), appraisal))
        .claim("eat_nonce", result.nonce())
        .build();
  }

  /** Every key that results were signed with, as a JWK set; makes the first when there is none. */
  String keySet() {
    signingKey();
    return new JWKSet(keys.of(PURPOSE).stream()
            .<JWK>map(key -> jwk(key.subjectPublicKeyInfo()))
            .toList())
        .toString();
  }

  private SigningKey signingKey() {
    SigningKey known = signingKey;
    if (known != null) {
      return known;
    }
    synchronized (this) {
      SigningKey key = signingKey;
      if (key == null) {
        key = transactions.begin(this::findOrMake);
        signingKey = key;
      }
      return key;
    }
  }

  /** One for all nodes. */
  private SigningKey findOrMake() {
    KeyHandle key = keys.shared(KeyAlgorithm.EC_P256, PURPOSE);
    devices.reserveKey(key.subjectPublicKeyInfo().digest());
    return SigningKey.of(key);
  }

  /** The key's id here, and for others its JWK thumbprint (RFC 7638). */
  private record SigningKey(UUID id, String kid) {
    static SigningKey of(KeyHandle key) {
      return new SigningKey(key.id(), jwk(key.subjectPublicKeyInfo()).getKeyID());
    }
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
      throw new IllegalStateException("the verifier's key cannot be read as P-256", e);
    }
  }
}

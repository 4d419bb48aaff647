package io.sallyport.door.acme;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Wire;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.function.Consumer;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** An ACME client that can also write what no honest one writes. */
final class AcmeClient {
  static final ObjectMapper JSON = new ObjectMapper();
  static final String URN = "urn:ietf:params:acme:error:";

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  final KeyPair keys;
  private final HttpClient http;
  private final String base;
  private @Nullable String nonce;
  private @Nullable String kid;

  AcmeClient(Wire wire, HttpClient http, String profile, KeyPair keys) {
    this.http = http;
    this.base = wire.devices() + "/acme/" + profile + "/";
    this.keys = keys;
  }

  /** What the operator gave. */
  record Binding(String kid, String key) {}

  String url(String resource) {
    return base + resource;
  }

  String kid() {
    return String.valueOf(kid);
  }

  void kid(String url) {
    kid = url;
  }

  Answer get(String resource) {
    return send(
        request(resource.startsWith("https:") ? resource : url(resource)).GET().build());
  }

  Answer send(HttpRequest request) {
    Answer answer = Answer.to(http, request);
    String fresh = answer.header("Replay-Nonce");
    nonce = fresh.isEmpty() ? null : fresh;
    return answer;
  }

  static HttpRequest.Builder request(String url) {
    return HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE);
  }

  /** A nonce that was not used yet. */
  String nonce() {
    String known = nonce;
    nonce = null;
    return known == null ? takenFrom(get("new-nonce")) : known;
  }

  private String takenFrom(Answer answer) {
    nonce = null;
    return answer.header("Replay-Nonce");
  }

  /** By the account's key, named by kid once there is an account. */
  Answer post(String url, @Nullable Object payload) {
    return post(url, payload, header -> {});
  }

  Answer post(String url, @Nullable Object payload, Consumer<ObjectNode> change) {
    ObjectNode header = header(url);
    change.accept(header);
    return raw(url, jws(header, text(payload), keys));
  }

  Answer raw(String url, ObjectNode body) {
    return send(request(url)
        .header("Content-Type", "application/jose+json")
        .POST(BodyPublishers.ofString(body.toString()))
        .build());
  }

  ObjectNode header(String url) {
    ObjectNode header = JSON.createObjectNode()
        .put("alg", algorithm(keys.getPublic()))
        .put("nonce", nonce())
        .put("url", url);
    if (kid == null) {
      header.set("jwk", jwk(keys.getPublic()));
    } else {
      header.put("kid", kid);
    }
    return header;
  }

  /** Opens an account; fails unless there is a new one. */
  AcmeClient open(Binding binding) {
    Answer answer = register(binding).expect(201);
    kid = answer.header("Location");
    return this;
  }

  Answer register(Binding binding) {
    return post(
        url("new-account"),
        Map.of("externalAccountBinding", binding(binding, url("new-account"), keys.getPublic())));
  }

  static ObjectNode binding(Binding binding, String url, PublicKey key) {
    ObjectNode header =
        JSON.createObjectNode().put("alg", "HS256").put("kid", binding.kid()).put("url", url);
    String signed = base64(header.toString()) + "." + base64(jwk(key).toString());
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(Base64.getUrlDecoder().decode(binding.key()), "HmacSHA256"));
      return flattened(signed, mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static ObjectNode jws(ObjectNode header, String payload, KeyPair keys) {
    String signed = base64(header.toString()) + "." + base64(payload);
    try {
      Signature signature = Signature.getInstance(
          switch (algorithm(keys.getPublic())) {
            case "ES256" -> "SHA256withECDSAinP1363Format";
            case "ES384" -> "SHA384withECDSAinP1363Format";
            case "RS256" -> "SHA256withRSA";
            default -> "Ed25519";
          });
      signature.initSign(keys.getPrivate());
      signature.update(signed.getBytes(StandardCharsets.US_ASCII));
      return flattened(signed, signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ObjectNode flattened(String signed, byte[] signature) {
    int dot = signed.indexOf('.');
    return JSON.createObjectNode()
        .put("protected", signed.substring(0, dot))
        .put("payload", signed.substring(dot + 1))
        .put("signature", base64(signature));
  }

  static String algorithm(PublicKey key) {
    return switch (key) {
      case ECPublicKey ec -> ec.getParams().getOrder().bitLength() == 256 ? "ES256" : "ES384";
      case RSAPublicKey ignored -> "RS256";
      default -> "EdDSA";
    };
  }

  static ObjectNode jwk(PublicKey key) {
    ObjectNode jwk = JSON.createObjectNode();
    switch (key) {
      case ECPublicKey ec -> {
        int size = (ec.getParams().getOrder().bitLength() + 7) / 8;
        jwk.put("kty", "EC")
            .put("crv", size == 32 ? "P-256" : "P-384")
            .put("x", base64(fixed(ec.getW().getAffineX(), size)))
            .put("y", base64(fixed(ec.getW().getAffineY(), size)));
      }
      case RSAPublicKey rsa ->
        jwk.put("kty", "RSA")
            .put("n", base64(unsigned(rsa.getModulus())))
            .put("e", base64(unsigned(rsa.getPublicExponent())));
      case EdECPublicKey ed -> {
        byte[] encoded = ed.getEncoded();
        jwk.put("kty", "OKP")
            .put("crv", "Ed25519")
            .put("x", base64(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length)));
      }
      default -> throw new IllegalArgumentException(key.getAlgorithm());
    }
    return jwk;
  }

  /** RFC 7638. */
  String thumbprint() {
    ObjectNode jwk = jwk(keys.getPublic());
    StringBuilder canonical = new StringBuilder("{");
    jwk.properties().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(member -> canonical
            .append(canonical.length() == 1 ? "" : ",")
            .append('"')
            .append(member.getKey())
            .append("\":")
            .append(member.getValue()));
    return Digest.of(canonical.append('}').toString().getBytes(StandardCharsets.UTF_8))
        .base64Url();
  }

  private static byte[] fixed(BigInteger value, int size) {
    byte[] octets = unsigned(value);
    byte[] padded = new byte[size];
    System.arraycopy(octets, 0, padded, size - octets.length, octets.length);
    return padded;
  }

  private static byte[] unsigned(BigInteger value) {
    byte[] octets = value.toByteArray();
    return octets[0] == 0 ? Arrays.copyOfRange(octets, 1, octets.length) : octets;
  }

  static String text(@Nullable Object payload) {
    try {
      return payload == null ? "" : JSON.writeValueAsString(payload);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static String base64(String text) {
    return base64(text.getBytes(StandardCharsets.UTF_8));
  }

  static String base64(byte[] octets) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
  }

  /** A problem's ACME name, without the URN. */
  static String problem(Answer answer) {
    JsonNode type = answer.json().path("type");
    return type.asText().startsWith(URN)
        ? type.asText().substring(URN.length())
        : answer.toString();
  }
}

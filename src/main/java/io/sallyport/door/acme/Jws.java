package io.sallyport.door.acme;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A flattened JWS (RFC 7515 §7.2.2) as ACME writes it: everything about it is protected (RFC 8555 §6.2). Its signature is
 * not checked yet.
 *
 * @param header the protected header
 * @param signed what the signature is over
 */
record Jws(ObjectNode header, byte[] payload, byte[] signed, byte[] signature) {
  private static final Set<String> MEMBERS = Set.of("protected", "payload", "signature");

  static Jws read(ObjectNode object) {
    for (String name : (Iterable<String>) object::fieldNames) {
      if (!MEMBERS.contains(name)) {
        throw StrictJson.malformed(
            "A request is a flattened JWS: protected, payload and signature, and nothing else.");
      }
    }
    String header = StrictJson.required(object, "protected");
    String payload = StrictJson.required(object, "payload");
    Jws jws = new Jws(
        StrictJson.object(StrictJson.decode(header, "protected header"), "protected header"),
        StrictJson.decode(payload, "payload"),
        (header + "." + payload).getBytes(StandardCharsets.US_ASCII),
        StrictJson.decode(StrictJson.required(object, "signature"), "signature"));
    if (jws.header.has("crit") || jws.header.has("b64")) {
      throw StrictJson.malformed("Critical header extensions are not supported.");
    }
    return jws;
  }

  String algorithm() {
    return StrictJson.text(header, "alg").orElse("");
  }

  Optional<String> kid() {
    return StrictJson.text(header, "kid");
  }

  /** The key that the request brings, or null. */
  @Nullable
  ObjectNode jwk() {
    if (!header.has("jwk")) {
      return null;
    }
    if (header.get("jwk") instanceof ObjectNode jwk) {
      return jwk;
    }
    throw StrictJson.malformed("The jwk must be an object.");
  }

  /** Exactly one of the two names the key. */
  void requireOneKey() {
    if (header.has("jwk") == header.has("kid")) {
      throw StrictJson.malformed("The protected header must have either jwk or kid.");
    }
  }

  void requireUrl(String url) {
    if (!StrictJson.required(header, "url").equals(url)) {
      throw new Refusal(
          AcmeProblem.WRONG_URL, "The protected header's url is not the URL of this request.");
    }
  }

  /** Refuses an algorithm that no key here signs with; called before the key is looked at. */
  void requireKnownAlgorithm() {
    if (!SigningKey.Algorithm.words().contains(algorithm())) {
      throw new Refusal(
          AcmeProblem.BAD_SIGNATURE_ALGORITHM,
          "Sign with one of " + String.join(", ", SigningKey.Algorithm.words()) + ".");
    }
  }

  void requireSignature(SigningKey key) {
    if (!key.algorithm().word().equals(algorithm())) {
      throw new Refusal(
          AcmeProblem.BAD_SIGNATURE_ALGORITHM,
          "A key of this kind signs with " + key.algorithm().word() + ".");
    }
    if (!key.verifies(signed, signature)) {
      throw new Refusal(AcmeProblem.WRONG_SIGNATURE, "The signature is not one by this key.");
    }
  }
}

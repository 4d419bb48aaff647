package io.sallyport.door.acme;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/** Reads JSON and base64url in the one way in which they can be taken; refuses with {@code malformed}. */
final class StrictJson {
  /** An order's identifiers and a binding inside of a payload are the deepest there is. */
  private static final int DEEPEST = 6;

  private static final int LONGEST_NUMBER = 20;

  private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(StreamReadConstraints.builder()
              .maxNestingDepth(DEEPEST)
              .maxNumberLength(LONGEST_NUMBER)
              .build())
          .build())
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
      .build();

  private StrictJson() {}

  static ObjectNode object(byte[] octets, String what) {
    try {
      // Decoded here: the parser would also take UTF-16 and UTF-32.
      String text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(octets)).toString();
      if (MAPPER.readTree(text) instanceof ObjectNode object) {
        return object;
      }
    } catch (CharacterCodingException | JsonProcessingException e) {
      // Told below.
    }
    throw malformed("The " + what + " must be one JSON object in which no member stands twice.");
  }

  /** Empty when the member is absent; refuses anything but a string. */
  static Optional<String> text(ObjectNode object, String name) {
    JsonNode value = object.get(name);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.isTextual()) {
      throw malformed("The member \"" + name + "\" must be a string.");
    }
    return Optional.of(value.textValue());
  }

  static String required(ObjectNode object, String name) {
    return text(object, name)
        .orElseThrow(() -> malformed("The member \"" + name + "\" is missing."));
  }

  /** Unpadded, and only in the form that an encoder gives (RFC 4648 §3.5). */
  static byte[] decode(String text, String what) {
    try {
      byte[] octets = Base64.getUrlDecoder().decode(text);
      if (Base64.getUrlEncoder().withoutPadding().encodeToString(octets).equals(text)) {
        return octets;
      }
    } catch (IllegalArgumentException notBase64) {
      // Told below.
    }
    throw malformed("The " + what + " must be unpadded base64url.");
  }

  static Refusal malformed(String detail) {
    return new Refusal(CommonProblem.MALFORMED, detail);
  }
}

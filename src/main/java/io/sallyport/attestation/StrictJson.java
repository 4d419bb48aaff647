package io.sallyport.attestation;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.Refusal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Reads a JSON object that two readers cannot take in two ways: UTF-8 only, no member twice, nothing behind it. */
final class StrictJson {
  /** Reports are flat but for one array; anything deeper is not one. */
  private static final int DEEPEST = 4;

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

  /** The object in {@code octets} with no member beside {@code allowed}; refuses with {@code invalid-evidence}. */
  static ObjectNode object(byte[] octets, String what, Set<String> allowed) {
    JsonNode node;
    try {
      // Decoded here: the parser would also take UTF-16 and UTF-32.
      String text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(octets)).toString();
      node = MAPPER.readTree(text);
    } catch (CharacterCodingException | JsonProcessingException e) {
      throw new Refusal(
          AttestationProblem.INVALID_EVIDENCE,
          "The " + what + " must be one JSON object in UTF-8 in which no member stands twice.");
    }
    if (!(node instanceof ObjectNode object)) {
      throw new Refusal(
          AttestationProblem.INVALID_EVIDENCE, "The " + what + " must be a JSON object.");
    }
    for (String name : (Iterable<String>) object::fieldNames) {
      if (!allowed.contains(name)) {
        throw new Refusal(
            AttestationProblem.INVALID_EVIDENCE,
            "The " + what + " may have these members only: "
                + String.join(", ", allowed.stream().sorted().toList()) + ".");
      }
    }
    return object;
  }
}

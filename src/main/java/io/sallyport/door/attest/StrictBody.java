package io.sallyport.door.attest;

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
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A body that is one JSON object of base64, read so that two readers cannot take it in two ways. */
final class StrictBody {
  /** An object of strings and one array of strings. */
  private static final int DEEPEST = 2;

  private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
          .build())
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build();

  private final ObjectNode object;

  private StrictBody(ObjectNode object) {
    this.object = object;
  }

  /** Refuses with {@code malformed} anything but an object with no member beside {@code allowed}. */
  static StrictBody read(byte[] body, String... allowed) {
    JsonNode node;
    try {
      node = MAPPER.readTree(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString());
    } catch (CharacterCodingException | JsonProcessingException e) {
      throw malformed("Send one JSON object in UTF-8 in which no member stands twice.");
    }
    if (!(node instanceof ObjectNode object)) {
      throw malformed("Send one JSON object.");
    }
    for (String name : (Iterable<String>) object::fieldNames) {
      if (!List.of(allowed).contains(name)) {
        throw malformed("The members are " + String.join(", ", allowed) + "; no other is known.");
      }
    }
    return new StrictBody(object);
  }

  /** The octets of a member that must be there. */
  byte[] octets(String name, int most) {
    return octets(object.get(name), name, most);
  }

  /** The octets of each element; empty when the member is not there. */
  List<byte[]> list(String name, int mostElements, int most) {
    JsonNode array = object.get(name);
    if (array == null) {
      return List.of();
    }
    if (!array.isArray() || array.size() > mostElements) {
      throw malformed(
          "The " + name + " must be an array with " + mostElements + " elements at most.");
    }
    List<byte[]> elements = new ArrayList<>();
    array.forEach(element -> elements.add(octets(element, name, most)));
    return elements;
  }

  /** Strict: the one way in which octets are written as base64 with padding (RFC 4648 §3.5). */
  private static byte[] octets(@Nullable JsonNode node, String name, int most) {
    if (node != null && node.isTextual() && node.textValue().length() <= most / 3 * 4 + 4) {
      String text = node.textValue();
      try {
        byte[] octets = Base64.getDecoder().decode(text);
        if (octets.length > 0 && Base64.getEncoder().encodeToString(octets).equals(text)) {
          return octets;
        }
      } catch (IllegalArgumentException e) {
        // refused below
      }
    }
    throw malformed("The " + name + " must be base64 of 1 to " + most + " octets.");
  }

  private static Refusal malformed(String detail) {
    return new Refusal(CommonProblem.MALFORMED, detail);
  }
}

package io.sallyport.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;

/** Reads and writes JSON (RFC 8259). */
final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  static JsonNode text(String value) {
    return TextNode.valueOf(value);
  }

  static JsonNode number(int value) {
    return IntNode.valueOf(value);
  }

  static JsonNode nothing() {
    return NullNode.getInstance();
  }

  /** Reads one value; throws {@link IOException} when {@code octets} hold none. */
  static JsonNode read(byte[] octets) throws IOException {
    JsonNode node = MAPPER.readTree(octets);
    if (node == null || node.isMissingNode()) {
      throw new IOException("empty");
    }
    return node;
  }

  /** One value, or an empty object when there is none. */
  static JsonNode lenient(String line) {
    try {
      JsonNode node = MAPPER.readTree(line);
      return node == null || !node.isObject() ? object() : node;
    } catch (JsonProcessingException e) {
      return object();
    }
  }

  static byte[] octets(JsonNode node) {
    try {
      return MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static String pretty(JsonNode node) {
    try {
      return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A value as people read it: text bare, lists joined by commas, objects as {@code key=value}. */
  static String plain(JsonNode value) {
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    if (value.isArray()) {
      StringBuilder joined = new StringBuilder();
      value.forEach(item -> joined.append(joined.isEmpty() ? "" : ", ").append(plain(item)));
      return joined.toString();
    }
    if (value.isObject()) {
      StringBuilder joined = new StringBuilder();
      value
          .properties()
          .forEach(field -> joined
              .append(joined.isEmpty() ? "" : " ")
              .append(field.getKey())
              .append('=')
              .append(plain(field.getValue())));
      return joined.toString();
    }
    return value.asText();
  }
}

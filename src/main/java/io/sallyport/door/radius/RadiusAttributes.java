package io.sallyport.door.radius;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sallyport.door.Request;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What {@code rlm_rest} sends: {@code {"User-Name":{"type":"string","value":["…"]},…}}. No refusal repeats anything of it.
 *
 * @param values by attribute name, as text
 */
record RadiusAttributes(Map<String, List<String>> values) {
  /** A packet has 4,096 octets (RFC 2865 §3); as JSON, with what is told of the certificate, it stays below this. */
  static final int MOST_BYTES = 64 * 1024;

  private static final int MOST_ATTRIBUTES = 500;
  private static final int DEPTH = 3;
  private static final Pattern VISIBLE = Pattern.compile("[\\x20-\\x7e]{1,253}");
  private static final Pattern HEX = Pattern.compile("0x(?:[0-9a-fA-F]{2}){1,253}");

  private static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(DEPTH).build())
          .build())
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .disable(JsonParser.Feature.INCLUDE_SOURCE_IN_LOCATION)
      .build();

  RadiusAttributes {
    values = Map.copyOf(values);
  }

  /** Refuses with {@code malformed} what {@code rlm_rest} would not write. */
  static RadiusAttributes read(Request request) {
    if (!request.mediaType().equals("application/json")) {
      throw malformed("Content-Type must be application/json.");
    }
    JsonNode body;
    try {
      body = JSON.readTree(request.body());
    } catch (IOException e) {
      throw malformed("The body is not JSON as rlm_rest writes it.");
    }
    if (!body.isObject() || body.size() > MOST_ATTRIBUTES) {
      throw malformed("The body must be an object of at most " + MOST_ATTRIBUTES + " attributes.");
    }
    Map<String, List<String>> values = new HashMap<>();
    body.properties().forEach(field -> values.put(field.getKey(), values(field.getValue())));
    return new RadiusAttributes(values);
  }

  private static List<String> values(JsonNode attribute) {
    JsonNode all = attribute.path("value");
    if (!attribute.isObject() || !attribute.path("type").isTextual() || !all.isArray()) {
      throw malformed("Each attribute must be an object with a type and an array value.");
    }
    List<String> texts = new ArrayList<>();
    all.forEach(value -> {
      if (!value.isTextual() && !value.isIntegralNumber()) {
        throw malformed("Each value must be a string or a whole number.");
      }
      texts.add(value.asText());
    });
    return List.copyOf(texts);
  }

  List<String> all(String name) {
    return values.getOrDefault(name, List.of());
  }

  /** The attribute's value when it has exactly one. */
  Optional<String> one(String name) {
    List<String> all = all(name);
    return all.size() == 1 ? Optional.of(all.getFirst()) : Optional.empty();
  }

  /** The same for text that may be kept: 1 to 253 printable ASCII characters. */
  Optional<String> visible(String name) {
    return one(name).filter(text -> VISIBLE.matcher(text).matches());
  }

  /** The values of an attribute of type octets, as ASCII; what is no hexadecimal is taken as it is. */
  List<String> octets(String name) {
    return all(name).stream()
        .map(value -> HEX.matcher(value).matches()
            ? new String(
                HexFormat.of().parseHex(value, 2, value.length()), StandardCharsets.ISO_8859_1)
            : value)
        .toList();
  }

  private static Refusal malformed(String detail) {
    return new Refusal(CommonProblem.MALFORMED, detail);
  }
}

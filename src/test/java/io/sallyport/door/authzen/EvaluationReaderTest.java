package io.sallyport.door.authzen;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sallyport.door.authzen.EvaluationReader.Body;
import io.sallyport.door.authzen.EvaluationReader.Item;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;

/** The reader in one pass against one of trees. */
class EvaluationReaderTest {
  private static final ObjectMapper TREES = JsonMapper.builder()
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build();
  private static final List<String> FIELDS = List.of(
      "subject",
      "action",
      "resource",
      "context",
      "type",
      "id",
      "name",
      "properties",
      "protocol",
      "port",
      "direction",
      "evaluations",
      "options",
      "evaluations_semantic",
      "page",
      "more");
  private static final List<String> LEAVES = List.of(
      "\"connect\"",
      "\"tcp\"",
      "\"icmp\"",
      "\"from-device\"",
      "\"to-device\"",
      "\"\\u00e9\\n\"",
      "null",
      "true",
      "0",
      "22",
      "65536",
      "-1",
      "1.0",
      "1e2",
      "99999999999999999999",
      "{}",
      "[]",
      "[{\"a\":[]}]");

  @Property(tries = 3000)
  void readsWhatAReaderOfTreesReads(@ForAll long seed) {
    Random random = new Random(seed);
    String text = body(random);
    if (random.nextInt(4) == 0 && !text.isEmpty()) {
      int at = random.nextInt(text.length());
      text = text.substring(0, at)
          + "{}[],:\"x 1".charAt(random.nextInt(10))
          + text.substring(at + random.nextInt(2));
    }
    byte[] octets = text.getBytes(StandardCharsets.UTF_8);
    assertEquals(byTrees(octets), inOnePass(octets), text);
  }

  private static String body(Random random) {
    List<String> fields = new ArrayList<>();
    for (String name : List.of("subject", "action", "resource")) {
      if (random.nextInt(8) > 0) {
        fields.add("\"" + name + "\":" + entity(random));
      }
    }
    if (random.nextInt(3) == 0) {
      fields.add("\"context\":" + leaf(random));
    }
    if (random.nextInt(2) == 0) {
      List<String> items = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        items.add(
            random.nextInt(4) > 0
                ? "{\"" + one(FIELDS.subList(0, 4), random) + "\":" + entity(random) + "}"
                : leaf(random));
      }
      fields.add("\"evaluations\":[" + String.join(",", items) + "]");
    }
    if (random.nextInt(4) == 0) {
      fields.add("\"" + one(FIELDS, random) + "\":" + leaf(random));
    }
    java.util.Collections.shuffle(fields, random);
    return "{" + String.join(",", fields) + "}";
  }

  private static String entity(Random random) {
    if (random.nextInt(10) == 0) {
      return leaf(random);
    }
    List<String> fields = new ArrayList<>();
    for (String name : List.of("type", "id", "name")) {
      if (random.nextInt(8) > 0) {
        fields.add("\"" + name + "\":" + (random.nextInt(6) > 0 ? "\"service\"" : leaf(random)));
      }
    }
    if (random.nextInt(3) > 0) {
      fields.add("\"properties\":{\"protocol\":"
          + (random.nextInt(4) > 0 ? "\"tcp\"" : leaf(random)) + ",\"port\":"
          + (random.nextInt(2) > 0 ? "443" : leaf(random))
          + (random.nextInt(6) > 0 ? "" : ",\"direction\":" + leaf(random)) + "}");
    }
    if (random.nextInt(6) == 0) {
      fields.add("\"" + one(FIELDS, random) + "\":" + leaf(random));
    }
    return "{" + String.join(",", fields) + "}";
  }

  private static String leaf(Random random) {
    return one(LEAVES, random);
  }

  private static String one(List<String> of, Random random) {
    return of.get(random.nextInt(of.size()));
  }

  private static List<String> inOnePass(byte[] octets) {
    try {
      Body body = EvaluationReader.read(octets, 10);
      List<String> read = new ArrayList<>();
      read.add(read(body.own, body.own));
      for (Item item : body.evaluations) {
        read.add(item.isObject ? read(item, body.own) : "no object");
      }
      return read;
    } catch (Refusal refusal) {
      return List.of(refusal.detail());
    }
  }

  private static String read(Item item, Item defaults) {
    try {
      return Evaluation.of(item, defaults).toString();
    } catch (Refusal refusal) {
      return refusal.detail();
    }
  }

  private static List<String> byTrees(byte[] octets) {
    JsonNode body;
    try {
      body = TREES.readTree(octets);
    } catch (IOException e) {
      return List.of("the body is not JSON");
    }
    if (!body.isObject()) {
      return List.of("the body must be a JSON object");
    }
    List<String> read = new ArrayList<>();
    read.add(read(body, body));
    if (body.path("evaluations").isArray()) {
      body.path("evaluations")
          .forEach(item -> read.add(item.isObject() ? read(item, body) : "no object"));
    }
    return read;
  }

  private static String read(JsonNode item, JsonNode defaults) {
    JsonNode context = either(item, defaults, "context");
    if (!context.isMissingNode() && !context.isObject()) {
      return "context must be an object";
    }
    for (String field : List.of("action", "subject", "resource")) {
      JsonNode part = either(item, defaults, field);
      if (!part.isObject()) {
        return field + " must be an object";
      }
      if (part.has("properties") && !part.get("properties").isObject()) {
        return field + ".properties must be an object";
      }
      for (String text : field.equals("action") ? List.of("name") : List.of("type", "id")) {
        if (!part.path(text).isTextual()) {
          return field + "." + text + " must be a string";
        }
      }
    }
    JsonNode subject = either(item, defaults, "subject");
    JsonNode resource = either(item, defaults, "resource");
    return new Evaluation(
            subject.get("type").textValue(),
            subject.get("id").textValue(),
            either(item, defaults, "action").get("name").textValue(),
            resource.get("type").textValue(),
            flow(resource))
        .toString();
  }

  private static @Nullable RequestedFlow flow(JsonNode resource) {
    JsonNode properties = resource.path("properties");
    JsonNode port = properties.path("port");
    JsonNode direction = properties.path("direction");
    boolean back = "to-device".equals(direction.textValue());
    if (!direction.isMissingNode() && !back && !"from-device".equals(direction.textValue())) {
      return null;
    }
    Direction way = back ? Direction.TO_DEVICE : Direction.FROM_DEVICE;
    String protocol =
        properties.path("protocol").isTextual() ? properties.get("protocol").textValue() : "";
    boolean fits = port.isInt() && port.intValue() >= 0 && port.intValue() <= 65_535;
    String peer = resource.get("id").textValue();
    return switch (protocol) {
      case "icmp" ->
        port.isMissingNode() || fits && port.intValue() == 0
            ? new RequestedFlow(peer, "icmp", 0, way)
            : null;
      case "tcp", "udp" -> fits ? new RequestedFlow(peer, protocol, port.intValue(), way) : null;
      default -> null;
    };
  }

  private static JsonNode either(JsonNode item, JsonNode defaults, String field) {
    return item.path(field).isMissingNode() ? defaults.path(field) : item.path(field);
  }
}

package io.sallyport.door.authzen;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import org.jspecify.annotations.Nullable;

/** One evaluation as AuthZEN shapes it (Authorization API 1.0 §5, §6). Fields that it does not know are left alone. */
record Evaluation(Entity subject, String action, Entity resource) {
  /** Who or what. */
  record Entity(String type, String id, @Nullable JsonNode properties) {}

  /**
   * Reads an evaluation; an entity that {@code item} has replaces the one of {@code defaults} whole. Refuses with {@code
   * malformed} what is missing or mistyped, by its path.
   */
  static Evaluation of(JsonNode item, JsonNode defaults) {
    object(item, defaults, "context", false);
    JsonNode action = object(item, defaults, "action", true);
    properties(action, "action");
    return new Evaluation(
        read(object(item, defaults, "subject", true), "subject"),
        text(action, "name", "action"),
        read(object(item, defaults, "resource", true), "resource"));
  }

  /** The type of what a search is for; its id is ignored, whatever it is. */
  static String type(JsonNode body, String field) {
    return text(object(body, body, field, true), "type", field);
  }

  static Entity entity(JsonNode body, String field) {
    return read(object(body, body, field, true), field);
  }

  static String action(JsonNode body) {
    JsonNode action = object(body, body, "action", true);
    properties(action, "action");
    return text(action, "name", "action");
  }

  static void context(JsonNode body) {
    object(body, body, "context", false);
  }

  static Refusal malformed(String detail) {
    return new Refusal(CommonProblem.MALFORMED, detail);
  }

  private static Entity read(JsonNode node, String where) {
    return new Entity(text(node, "type", where), text(node, "id", where), properties(node, where));
  }

  private static JsonNode object(JsonNode item, JsonNode defaults, String field, boolean required) {
    JsonNode own = item.path(field);
    JsonNode node = own.isMissingNode() ? defaults.path(field) : own;
    if (!node.isObject() && (required || !node.isMissingNode())) {
      throw malformed(field + " must be an object");
    }
    return node;
  }

  private static @Nullable JsonNode properties(JsonNode node, String where) {
    JsonNode properties = node.get("properties");
    if (properties != null && !properties.isObject()) {
      throw malformed(where + ".properties must be an object");
    }
    return properties;
  }

  private static String text(JsonNode node, String field, String where) {
    JsonNode value = node.get(field);
    if (value == null || !value.isTextual()) {
      throw malformed(where + "." + field + " must be a string");
    }
    return value.textValue();
  }
}

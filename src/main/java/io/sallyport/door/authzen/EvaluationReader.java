package io.sallyport.door.authzen;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads questions in one pass over their octets. What is no JSON, or says a field twice anywhere, is refused at once; what is
 * mistyped is kept as such, for the item that it concerns. Fields that AuthZEN does not know are left alone.
 */
final class EvaluationReader {
  /** A port or limit that is not there. */
  static final int NONE = -1;
  /** One that is none. */
  static final int WRONG = -2;

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final JsonParser json;
  private final int mostItems;

  private EvaluationReader(JsonParser json, int mostItems) {
    this.json = json;
    this.mostItems = mostItems;
  }

  /** Whether something is there, and of the type that it must have. */
  enum Shape {
    MISSING,
    MISTYPED,
    FITTING
  }

  /** A subject, an action or a resource; a text is null when it is missing or none. */
  static final class Part {
    static final Part MISSING = new Part(Shape.MISSING);

    private static final Part MISTYPED = new Part(Shape.MISTYPED);

    final Shape shape;

    @Nullable
    String type;

    @Nullable
    String id;

    @Nullable
    String name;

    Shape properties = Shape.MISSING;
    /** Empty when it is missing or none. */
    String protocol = "";

    int port = NONE;

    /** A number or a name as text, what is neither as text that is no type; null when it is missing. */
    @Nullable
    String icmpType;

    /** Empty when it is missing or none. */
    String direction = "";

    boolean hasDirection;

    Part(Shape shape) {
      this.shape = shape;
    }

    Part or(Part other) {
      return shape == Shape.MISSING ? other : this;
    }
  }

  /** A question, or the defaults of several. */
  static final class Item {
    /** False for what is no object. */
    final boolean isObject;

    Part subject = Part.MISSING;
    Part action = Part.MISSING;
    Part resource = Part.MISSING;
    Part context = Part.MISSING;

    Item(boolean isObject) {
      this.isObject = isObject;
    }
  }

  /** A whole body: its own question, which is the default for its items. */
  static final class Body {
    final Item own = new Item(true);
    Shape items = Shape.MISSING;
    /** The first of them. */
    final List<Item> evaluations = new ArrayList<>();

    /** How many there are. */
    int count;

    Shape options = Shape.MISSING;
    Shape semantic = Shape.MISSING;
    String semanticName = "";

    /** Of a search. */
    Shape page = Shape.MISSING;

    Shape token = Shape.MISSING;
    String tokenText = "";
    int limit = NONE;
  }

  /** Refuses with {@code malformed} what is not one JSON object; keeps as many items as are asked for. */
  static Body read(byte[] octets, int mostItems) {
    try (JsonParser json = JSON.createParser(octets)) {
      JsonToken first = json.nextToken();
      if (first != JsonToken.START_OBJECT) {
        // As a reader of trees sees it: what comes behind is read before it is found to be none.
        json.skipChildren();
        end(first == null ? null : json.nextToken());
        throw Evaluation.malformed("the body must be a JSON object");
      }
      Body body = new EvaluationReader(json, mostItems).body();
      end(json.nextToken());
      return body;
    } catch (IOException e) {
      throw notJson();
    }
  }

  private static void end(@Nullable JsonToken more) {
    if (more != null) {
      throw notJson();
    }
  }

  private static Refusal notJson() {
    return Evaluation.malformed("the body is not JSON");
  }

  private Body body() throws IOException {
    Body body = new Body();
    for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
      JsonToken value = json.nextToken();
      switch (field) {
        case "evaluations" -> items(body, value);
        case "options" -> options(body, value);
        case "page" -> page(body, value);
        default -> known(body.own, field, value);
      }
    }
    return body;
  }

  private void items(Body body, JsonToken value) throws IOException {
    body.items = value == JsonToken.START_ARRAY ? Shape.FITTING : Shape.MISTYPED;
    if (body.items == Shape.MISTYPED) {
      json.skipChildren();
      return;
    }
    for (JsonToken item = json.nextToken(); item != JsonToken.END_ARRAY; item = json.nextToken()) {
      if (body.count++ < mostItems) {
        body.evaluations.add(item(item));
      } else {
        json.skipChildren();
      }
    }
  }

  private Item item(JsonToken value) throws IOException {
    if (value != JsonToken.START_OBJECT) {
      json.skipChildren();
      return new Item(false);
    }
    Item item = new Item(true);
    for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
      known(item, field, json.nextToken());
    }
    return item;
  }

  private void known(Item item, String field, JsonToken value) throws IOException {
    switch (field) {
      case "subject" -> item.subject = part(value);
      case "action" -> item.action = part(value);
      case "resource" -> item.resource = part(value);
      case "context" -> {
        item.context = value == JsonToken.START_OBJECT ? new Part(Shape.FITTING) : Part.MISTYPED;
        json.skipChildren();
      }
      default -> json.skipChildren();
    }
  }

  private Part part(JsonToken value) throws IOException {
    if (value != JsonToken.START_OBJECT) {
      json.skipChildren();
      return Part.MISTYPED;
    }
    Part part = new Part(Shape.FITTING);
    for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
      JsonToken token = json.nextToken();
      switch (field) {
        case "type" -> part.type = text(token);
        case "id" -> part.id = text(token);
        case "name" -> part.name = text(token);
        case "properties" -> properties(part, token);
        default -> json.skipChildren();
      }
    }
    return part;
  }

  private void properties(Part part, JsonToken value) throws IOException {
    part.properties = value == JsonToken.START_OBJECT ? Shape.FITTING : Shape.MISTYPED;
    if (part.properties == Shape.MISTYPED) {
      json.skipChildren();
      return;
    }
    for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
      JsonToken token = json.nextToken();
      switch (field) {
        case "protocol" -> part.protocol = Objects.requireNonNullElse(text(token), "");
        case "direction" -> {
          part.hasDirection = true;
          part.direction = Objects.requireNonNullElse(text(token), "");
        }
        case "port" -> part.port = whole(token);
        case "icmp_type" -> {
          int number = token == JsonToken.VALUE_STRING ? NONE : whole(token);
          part.icmpType = number == NONE ? json.getText() : Integer.toString(number);
        }
        default -> json.skipChildren();
      }
    }
  }

  private @Nullable String text(JsonToken value) throws IOException {
    if (value == JsonToken.VALUE_STRING) {
      return json.getText();
    }
    json.skipChildren();
    return null;
  }

  /** An integer from 0, or {@link #WRONG}. */
  private int whole(JsonToken value) throws IOException {
    if (value == JsonToken.VALUE_NUMBER_INT
        && json.getNumberType() == JsonParser.NumberType.INT
        && json.getIntValue() >= 0) {
      return json.getIntValue();
    }
    json.skipChildren();
    return WRONG;
  }

  private void options(Body body, JsonToken value) throws IOException {
    body.options = value == JsonToken.START_OBJECT ? Shape.FITTING : Shape.MISTYPED;
    if (body.options == Shape.MISTYPED) {
      json.skipChildren();
      return;
    }
    for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
      JsonToken token = json.nextToken();
      if (field.equals("evaluations_semantic")) {
        String name = text(token);
        body.semantic = name == null ? Shape.MISTYPED : Shape.FITTING;
        body.semanticName = Objects.requireNonNullElse(name, "");
      } else {
        json.skipChildren();
      }
    }
  }

  private void page(Body body, JsonToken value) throws IOException {
    body.page = value == JsonToken.START_OBJECT ? Shape.FITTING : Shape.MISTYPED;
    if (body.page == Shape.MISTYPED) {
      json.skipChildren();
      return;
    }
    for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
      JsonToken token = json.nextToken();
      switch (field) {
        case "token" -> {
          String text = text(token);
          body.token = text == null ? Shape.MISTYPED : Shape.FITTING;
          body.tokenText = Objects.requireNonNullElse(text, "");
        }
        case "limit" -> body.limit = whole(token);
        default -> json.skipChildren();
      }
    }
  }
}

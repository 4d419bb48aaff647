package io.sallyport.policy;

import static io.sallyport.policy.YamlReader.quoted;

import io.sallyport.kernel.Refusal;
import io.sallyport.policy.YamlNode.Field;
import io.sallyport.policy.YamlNode.Kind;
import io.sallyport.policy.YamlNode.Mapping;
import io.sallyport.policy.YamlNode.Mark;
import io.sallyport.policy.YamlNode.Scalar;
import io.sallyport.policy.YamlNode.Sequence;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A node with its path in the document; each reading method refuses a value of another shape, with place and reason. */
record YamlValue(YamlNode node, String path) {
  Refusal fault(String reason) {
    return fault(node.at(), reason);
  }

  Refusal fault(Mark at, String reason) {
    return YamlReader.refusal(at, (path.isEmpty() ? "the document" : path) + ": " + reason);
  }

  /** Checks that this has fields and that none but {@code known} is among them. */
  YamlValue section(String... known) {
    List<String> names = List.of(known);
    mapping().fields().forEach((name, field) -> {
      if (!names.contains(name)) {
        throw fault(
            field.name(),
            "unknown field " + quoted(name) + "; known here: " + String.join(", ", names));
      }
    });
    return this;
  }

  Optional<YamlValue> find(String name) {
    Field field = mapping().fields().get(name);
    return field == null
        ? Optional.empty()
        : Optional.of(new YamlValue(field.value(), child(name)));
  }

  YamlValue need(String name) {
    return find(name).orElseThrow(() -> new YamlValue(node, child(name)).fault("is missing"));
  }

  /** All fields by name, at most {@code most}. */
  Map<String, YamlValue> fields(int most) {
    Map<String, YamlValue> all = new LinkedHashMap<>();
    mapping()
        .fields()
        .forEach((name, field) -> all.put(name, new YamlValue(field.value(), child(name))));
    if (all.size() > most) {
      throw fault("has " + all.size() + " fields; at most " + most + " are allowed");
    }
    return all;
  }

  /** One to {@code most} items. */
  List<YamlValue> items(int most) {
    if (!(node instanceof Sequence sequence)) {
      throw fault("must be a list, not " + words());
    }
    if (sequence.items().isEmpty()) {
      throw fault("must not be an empty list");
    }
    if (sequence.items().size() > most) {
      throw fault("has " + sequence.items().size() + " items; at most " + most + " are allowed");
    }
    List<YamlValue> items = new ArrayList<>();
    for (int i = 0; i < sequence.items().size(); i++) {
      items.add(new YamlValue(sequence.items().get(i), path + "[" + i + "]"));
    }
    return items;
  }

  /** Text of 1 to {@code most} characters. */
  String text(int most) {
    if (!(node instanceof Scalar scalar) || scalar.kind() == Kind.NOTHING) {
      throw fault("must be text, not " + words());
    }
    if (scalar.kind() != Kind.TEXT) {
      throw fault("must be text, but " + scalar.text() + " is " + words() + "; put it in quotes");
    }
    if (scalar.text().isBlank()) {
      throw fault("must not be empty");
    }
    if (scalar.text().length() > most) {
      throw fault(
          "is " + scalar.text().length() + " characters long; at most " + most + " are allowed");
    }
    return scalar.text();
  }

  /** One of {@code words}. */
  String word(List<String> words) {
    String text = text(YamlReader.MOST_OCTETS);
    if (!words.contains(text)) {
      throw fault(quoted(text) + " is not one of " + String.join(", ", words));
    }
    return text;
  }

  /** A whole number in decimal digits. */
  int number(int least, int most) {
    if (!(node instanceof Scalar scalar) || scalar.kind() != Kind.INTEGER) {
      throw fault("must be a whole number, not " + words());
    }
    if (!scalar.text().matches("0|[1-9][0-9]{0,8}")
        || Integer.parseInt(scalar.text()) < least
        || Integer.parseInt(scalar.text()) > most) {
      throw fault(scalar.text() + " is not a whole number from " + least + " to " + most);
    }
    return Integer.parseInt(scalar.text());
  }

  /** An ISO 8601 duration in whole seconds, from one second to {@code most}. */
  Duration duration(Duration most) {
    String text = text(YamlReader.MOST_OCTETS);
    Duration duration;
    try {
      duration = Duration.parse(text);
    } catch (DateTimeParseException e) {
      throw fault(quoted(text) + " is not a duration; write it as in ISO 8601, for instance PT10M");
    }
    if (duration.getNano() != 0
        || duration.compareTo(Duration.ofSeconds(1)) < 0
        || duration.compareTo(most) > 0) {
      throw fault(quoted(text) + " must be whole seconds, from PT1S to " + most);
    }
    return duration;
  }

  /** A moment with its offset, ISO 8601. */
  Instant instant() {
    String text = text(YamlReader.MOST_OCTETS);
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      throw fault(quoted(text)
          + " is not a moment; write it as in ISO 8601, for instance 2026-11-22T20:00:00Z");
    }
  }

  private Mapping mapping() {
    if (node instanceof Mapping mapping) {
      return mapping;
    }
    throw fault("must have fields, not be " + words());
  }

  private String words() {
    return switch (node) {
      case Mapping mapping -> "fields";
      case Sequence sequence -> "a list";
      case Scalar scalar -> (scalar.text().isEmpty() ? Kind.NOTHING : scalar.kind()).words();
    };
  }

  private String child(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }
}

package io.sallyport.policy;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.YamlNode.Field;
import io.sallyport.policy.YamlNode.Kind;
import io.sallyport.policy.YamlNode.Mapping;
import io.sallyport.policy.YamlNode.Mark;
import io.sallyport.policy.YamlNode.Scalar;
import io.sallyport.policy.YamlNode.Sequence;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.reader.ReaderException;

/**
 * Reads one YAML document into nodes with places. Takes the plain part of YAML: no anchors, aliases or tags, so that a
 * document cannot grow when it is read and says what it seems to say. Refuses with {@code invalid-policy}.
 */
final class YamlReader {
  /** A policy of 256 flows and 32 conditions is a tenth of this. */
  static final int MOST_OCTETS = 256 * 1024;

  /** The deepest field of a policy is at six. */
  private static final int MOST_DEPTH = 16;

  private static final YAMLFactory YAML = factory();

  private final YAMLParser parser;

  private YamlReader(YAMLParser parser) {
    this.parser = parser;
  }

  static YamlNode read(String text) {
    if (text.length() > MOST_OCTETS || text.getBytes(StandardCharsets.UTF_8).length > MOST_OCTETS) {
      throw refusal(
          new Mark(1, 1),
          "the document is longer than " + MOST_OCTETS + " octets; split the policy");
    }
    try (YAMLParser parser = YAML.createParser(text)) {
      return new YamlReader(parser).document();
    } catch (JsonProcessingException e) {
      throw refusal(place(e, text), "this is not YAML: " + problem(e));
    } catch (IOException e) {
      throw refusal(new Mark(1, 1), "this is not YAML");
    }
  }

  static Refusal refusal(Mark at, String reason) {
    return new Refusal(PolicyProblem.INVALID_POLICY, at + ": " + reason);
  }

  /** {@code text} for a message: bounded, in quotes, without control characters. */
  static String quoted(String text) {
    String shown = text.length() > 60 ? text.substring(0, 60) + "…" : text;
    return '"' + shown.replaceAll("\\p{Cntrl}", "\uFFFD") + '"';
  }

  private YamlNode document() throws IOException {
    JsonToken first = parser.nextToken();
    if (first == null) {
      throw refusal(new Mark(1, 1), "the document is empty");
    }
    YamlNode root = node(first, 1);
    if (parser.nextToken() != null) {
      throw refusal(
          mark(parser.currentTokenLocation()),
          "a second document begins here; apply one policy at a time");
    }
    return root;
  }

  private YamlNode node(JsonToken token, int depth) throws IOException {
    Mark at = mark(parser.currentTokenLocation());
    refuseIndirection(at);
    if (depth > MOST_DEPTH) {
      throw refusal(at, "the document is nested deeper than " + MOST_DEPTH + " levels");
    }
    return switch (token) {
      case START_OBJECT -> mapping(at, depth);
      case START_ARRAY -> sequence(at, depth);
      case VALUE_NUMBER_INT -> new Scalar(at, Kind.INTEGER, parser.getText());
      case VALUE_NUMBER_FLOAT -> new Scalar(at, Kind.DECIMAL, parser.getText());
      case VALUE_TRUE, VALUE_FALSE -> new Scalar(at, Kind.TRUTH, parser.getText());
      case VALUE_NULL -> new Scalar(at, Kind.NOTHING, "");
      default -> new Scalar(at, Kind.TEXT, parser.getText());
    };
  }

  private Mapping mapping(Mark at, int depth) throws IOException {
    Map<String, Field> fields = new LinkedHashMap<>();
    while (next() != JsonToken.END_OBJECT) {
      Mark place = mark(parser.currentTokenLocation());
      refuseIndirection(place);
      String name = parser.currentName();
      Field field = new Field(place, node(next(), depth + 1));
      Field earlier = fields.putIfAbsent(name, field);
      if (earlier != null) {
        throw refusal(
            place,
            "the field " + quoted(name) + " stands twice, first in line "
                + earlier.name().line());
      }
    }
    return new Mapping(at, fields);
  }

  private Sequence sequence(Mark at, int depth) throws IOException {
    List<YamlNode> items = new ArrayList<>();
    for (JsonToken token = next(); token != JsonToken.END_ARRAY; token = next()) {
      items.add(node(token, depth + 1));
    }
    return new Sequence(at, items);
  }

  private JsonToken next() throws IOException {
    JsonToken token = parser.nextToken();
    if (token == null) {
      throw refusal(mark(parser.currentTokenLocation()), "the document ends too early");
    }
    return token;
  }

  private void refuseIndirection(Mark at) throws IOException {
    if (parser.isCurrentAlias() || parser.getObjectId() != null) {
      throw refusal(at, "anchors and aliases (& and *) are not allowed; write the value out");
    }
    if (parser.getTypeId() != null) {
      throw refusal(at, "tags (!) are not allowed; leave the tag out");
    }
  }

  private static Mark place(JsonProcessingException e, String text) {
    if (e.getCause() instanceof MarkedYAMLException marked && marked.getProblemMark() != null) {
      return new Mark(
          marked.getProblemMark().getLine() + 1, marked.getProblemMark().getColumn() + 1);
    }
    if (e.getCause() instanceof ReaderException unreadable) {
      String before = text.substring(0, text.offsetByCodePoints(0, unreadable.getPosition()));
      return new Mark((int) before.lines().count(), before.length() - before.lastIndexOf('\n'));
    }
    return mark(e.getLocation());
  }

  private static String problem(JsonProcessingException e) {
    return oneLine(
        e.getCause() instanceof MarkedYAMLException marked
            ? marked.getProblem()
            : e.getOriginalMessage());
  }

  private static String oneLine(@Nullable String text) {
    if (text == null) {
      return "it cannot be read";
    }
    String line = text.lines().findFirst().orElse("").replaceAll("\\p{Cntrl}", "\uFFFD");
    return line.length() > 200 ? line.substring(0, 200) + "…" : line;
  }

  private static Mark mark(@Nullable JsonLocation location) {
    return location == null
        ? new Mark(1, 1)
        : new Mark(Math.max(1, location.getLineNr()), Math.max(1, location.getColumnNr()));
  }

  private static YAMLFactory factory() {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(MOST_OCTETS);
    options.setNestingDepthLimit(MOST_DEPTH + 1);
    options.setMaxAliasesForCollections(0);
    return YAMLFactory.builder().loaderOptions(options).build();
  }
}

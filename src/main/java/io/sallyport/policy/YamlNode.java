package io.sallyport.policy;

import java.util.List;
import java.util.Map;

/** A part of a YAML document that remembers where it stands. */
sealed interface YamlNode {
  Mark at();

  /** A place in a document; line and column count from 1. */
  record Mark(int line, int column) {
    @Override
    public String toString() {
      return "line " + line + ", column " + column;
    }
  }

  /** Fields in the order of the document; no name twice. */
  record Mapping(Mark at, Map<String, Field> fields) implements YamlNode {}

  /** A field's value, and where its name stands. */
  record Field(Mark name, YamlNode value) {}

  record Sequence(Mark at, List<YamlNode> items) implements YamlNode {}

  /** A single value as it was written, without quotes. */
  record Scalar(Mark at, Kind kind, String text) implements YamlNode {}

  /** What YAML takes a scalar for, in words for people. */
  enum Kind {
    TEXT("text"),
    INTEGER("a whole number"),
    DECIMAL("a decimal number"),
    TRUTH("true or false"),
    NOTHING("empty");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }
}

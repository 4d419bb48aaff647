package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Writes results: JSON for programs, aligned text for people. Control characters from the wire never reach a terminal. */
final class Output {
  private static final int LONGEST_VALUE = 500;

  private final PrintWriter out;
  private final boolean json;

  Output(PrintWriter out, boolean json) {
    this.out = out;
    this.json = json;
  }

  boolean json() {
    return json;
  }

  PrintWriter writer() {
    return out;
  }

  /** One sentence, for people only. */
  void say(String sentence) {
    if (!json) {
      out.println(printable(sentence));
      out.flush();
    }
  }

  /** One of many, on a line of its own, for programs. */
  void line(JsonNode value) {
    out.println(value);
    out.flush();
  }

  /** The JSON as it is, or {@code sentence}. */
  void result(JsonNode value, String sentence) {
    if (json) {
      out.println(Json.pretty(value));
    } else {
      out.println(printable(sentence));
    }
    out.flush();
  }

  /** Every field of an object, one a line. */
  void show(JsonNode object) {
    if (json) {
      out.println(Json.pretty(object));
      out.flush();
      return;
    }
    fields(object, "");
    out.flush();
  }

  private void fields(JsonNode object, String indent) {
    int width = object.properties().stream()
        .mapToInt(field -> field.getKey().length())
        .max()
        .orElse(0);
    object.properties().forEach(field -> {
      JsonNode value = field.getValue();
      if (value.isObject() && !value.isEmpty()) {
        out.println(indent + field.getKey());
        fields(value, indent + "  ");
      } else if (value.isArray() && !value.isEmpty() && value.get(0).isObject()) {
        out.println(indent + field.getKey());
        value.forEach(item -> {
          fields(item, indent + "  ");
          out.println();
        });
      } else {
        out.println((indent + pad(field.getKey(), width) + "  " + readable(value)).stripTrailing());
      }
    });
  }

  /** Certificates and tokens are for programs. */
  private static String readable(JsonNode value) {
    String text = printable(Json.plain(value)).strip();
    return text.length() > LONGEST_VALUE || text.contains("-----BEGIN ")
        ? "(shown with --json)"
        : text;
  }

  /** A list: in JSON with its {@code next} cursor, for people as a table of {@code columns}. */
  void list(JsonNode page, String... columns) {
    if (json) {
      out.println(Json.pretty(page));
      out.flush();
      return;
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of(columns));
    for (JsonNode item : page.path("items")) {
      List<String> row = new ArrayList<>();
      for (String column : columns) {
        row.add(printable(Json.plain(item.path(column))));
      }
      rows.add(row);
    }
    table(rows);
    if (!page.path("next").isNull() && !page.path("next").isMissingNode()) {
      out.println("… and more: raise --limit");
    }
    out.flush();
  }

  /** Rows of equal length in aligned columns. */
  void table(List<List<String>> rows) {
    int columns = rows.getFirst().size();
    int[] width = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        width[i] = Math.max(width[i], row.get(i).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        line.append(pad(row.get(i), width[i])).append("  ");
      }
      out.println(line.toString().stripTrailing());
    }
    out.flush();
  }

  static String printable(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c ->
            clean.appendCodePoint(Character.isISOControl(c) && c != '\n' && c != '\t' ? '?' : c));
    return clean.toString();
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }
}

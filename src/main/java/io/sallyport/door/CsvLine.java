package io.sallyport.door;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One record of comma-separated values (RFC 4180 §2), which stands on one line here. */
final class CsvLine {
  private CsvLine() {}

  /** Its fields; nothing when a quotation mark stands where none may, or is not closed. */
  static Optional<List<String>> fields(String line) {
    List<String> fields = new ArrayList<>();
    int at = 0;
    while (true) {
      if (at < line.length() && line.charAt(at) == '"') {
        StringBuilder field = new StringBuilder();
        at++;
        while (true) {
          int quote = line.indexOf('"', at);
          if (quote < 0) {
            return Optional.empty();
          }
          field.append(line, at, quote);
          at = quote + 1;
          if (at == line.length() || line.charAt(at) != '"') {
            break;
          }
          field.append('"');
          at++;
        }
        fields.add(field.toString());
        if (at < line.length() && line.charAt(at) != ',') {
          return Optional.empty();
        }
      } else {
        int comma = line.indexOf(',', at);
        String field = line.substring(at, comma < 0 ? line.length() : comma);
        if (field.indexOf('"') >= 0) {
          return Optional.empty();
        }
        fields.add(field);
        at += field.length();
      }
      if (at == line.length()) {
        return Optional.of(fields);
      }
      at++;
    }
  }
}

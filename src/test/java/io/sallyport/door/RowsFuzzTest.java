package io.sallyport.door;

import io.sallyport.kernel.Refusal;
import io.sallyport.testing.Fuzzing;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Whatever stands on a line of a batch, it is read or refused. */
class RowsFuzzTest {
  @Test
  void anObjectOnALineIsReadOrRefused() {
    Fuzzing.of(
        Json.class,
        octets(
            "{\"row\":\"1\",\"serial_number\":\"CAM-1\",\"csr\":\"MIIB\"}",
            "{\"serial_number\":\"CAM-1\",\"labels\":{\"line\":\"7\",\"\\u0000\":\"\\ud800\"}}",
            "{\"serial_number\":null,\"labels\":[1e400,-0.0,{\"a\":{}}]}"));
  }

  @Test
  void commaSeparatedValuesAreReadOrRefused() {
    Fuzzing.of(
        Csv.class, octets("row,serial_number,label:line", "\"a \"\"b\"\"\",,\"c,d\"", "\"", ",,,"));
  }

  static final class Json {
    private static final Set<String> FIELDS = Set.of("row", "serial_number", "csr", "labels");

    public static void fuzzerTestOneInput(byte[] octets) {
      try {
        var object = LineRows.object(octets, FIELDS);
        LineRows.text(object, "serial_number");
        LineRows.labels(object.get("labels"));
      } catch (Refusal refused) {
        // Said in one sentence.
      }
    }
  }

  static final class Csv {
    public static void fuzzerTestOneInput(byte[] octets) {
      String line = new String(octets, StandardCharsets.UTF_8);
      CsvLine.fields(line).ifPresent(fields -> {
        // What was read is what is written, every field in quotation marks.
        String written = fields.stream()
            .map(field -> '"' + field.replace("\"", "\"\"") + '"')
            .collect(Collectors.joining(","));
        if (!fields.equals(CsvLine.fields(written).orElseThrow())) {
          throw new IllegalStateException("written and read back it is something else");
        }
      });
    }
  }

  private static List<byte[]> octets(String... texts) {
    return Stream.of(texts).map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
  }
}

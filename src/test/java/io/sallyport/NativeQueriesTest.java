package io.sallyport;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Hibernate keeps how it reads a native query under a key. A plain class as the type of the result makes that key equal to
 * no other, so each call would be translated anew and looked for among all those before it.
 */
class NativeQueriesTest {
  private static final Pattern PLAIN_RESULT = Pattern.compile(
      "createNativeQuery\\((?:[^;\"]|\"[^\"]*\")*?,\\s*(?:UUID|String|Integer|Long|Boolean|Instant)\\.class\\)");

  @Test
  void noneNamesAPlainClassAsItsResult() throws IOException {
    TreeSet<String> found = new TreeSet<>();
    for (Path source : sources()) {
      if (PLAIN_RESULT.matcher(Files.readString(source)).find()) {
        found.add(source.getFileName().toString());
      }
    }
    assertEquals(new TreeSet<>(), found);
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      return files.filter(file -> file.toString().endsWith(".java")).toList();
    }
  }
}

package io.sallyport.door;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts that come twice, however few of them fit into memory at once. */
class DoublesTest {
  private final SecureRandom random = new SecureRandom();

  private static List<String> found(Doubles doubles, List<String> texts) throws IOException {
    for (String text : texts) {
      doubles.add('s', text);
    }
    assertTrue(doubles.sort());
    List<String> found = new ArrayList<>();
    for (int line = 1; line <= texts.size(); line++) {
      long before = doubles.before('s', texts.get(line - 1), line);
      if (before > 0) {
        found.add(line + " as " + before);
      }
    }
    return found;
  }

  /** With 16 in memory the others wait in the file. */
  @ParameterizedTest
  @ValueSource(ints = {1, 16, 5_000, 20_001, 20_002, 1 << 17})
  void everyTextThatCameBeforeIsFoundWhereverItStands(int run) throws IOException {
    List<String> texts = new ArrayList<>();
    for (int i = 1; i <= 20_000; i++) {
      texts.add("T-" + i);
    }
    texts.set(17_999, "T-1");
    texts.add("T-20000");
    texts.add("T-1");

    try (Doubles doubles = new Doubles(random, run, 10)) {
      assertEquals(List.of("18000 as 1", "20001 as 20000", "20002 as 1"), found(doubles, texts));
    }
  }

  @Test
  void textsOfDifferentKindsAreDifferent() throws IOException {
    try (Doubles doubles = new Doubles(random, 4, 10)) {
      doubles.add('s', "A");
      doubles.add('r', "A");
      doubles.add('s', "B");

      assertTrue(doubles.sort());

      assertEquals(0, doubles.before('s', "A", 1));
      assertEquals(0, doubles.before('r', "A", 2));
    }
  }

  @Test
  void nothingIsFoundInNothing() throws IOException {
    try (Doubles doubles = new Doubles(random, 4, 10)) {
      assertTrue(doubles.sort());
      assertEquals(0, doubles.before('s', "A", 1));
    }
  }

  @Test
  void tooManyThatComeTwiceAreNotKept() throws IOException {
    try (Doubles doubles = new Doubles(random, 16, 99)) {
      for (int i = 0; i < 200; i++) {
        doubles.add('s', "T-" + i % 100);
      }
      assertFalse(doubles.sort());
    }
  }
}

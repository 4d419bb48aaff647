package io.sallyport.admin.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TextDifferenceTest {
  private static String told(String before, String after) {
    return TextDifference.of(before, after).stream()
        .map(line -> line.sign() + line.text())
        .collect(Collectors.joining("\n"));
  }

  @Test
  void tellsWhatWasTakenOutAndWhatWasPutIn() {
    assertEquals(" a\n-b\n+x\n c\n+d", told("a\nb\nc\n", "a\nx\nc\nd\n"));
    assertEquals("+a", told("", "a\n"));
    assertEquals("-a", told("a\n", ""));
  }

  @Test
  void leavesOutWhatIsFarFromADifference() {
    String ten = IntStream.range(0, 10).mapToObj(line -> line + "\n").collect(Collectors.joining());
    assertEquals("…\n 7\n 8\n 9\n+new", told(ten, ten + "new\n"));
    assertEquals("…", told(ten, ten));
  }

  @Test
  void doesNotCompareEveryLineOfLongTexts() {
    String many =
        IntStream.range(0, 2000).mapToObj(line -> line + "\n").collect(Collectors.joining());
    String others =
        IntStream.range(5000, 7000).mapToObj(line -> line + "\n").collect(Collectors.joining());
    assertEquals(4000, TextDifference.of(many, others).size());
  }
}

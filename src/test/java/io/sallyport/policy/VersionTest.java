package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VersionTest {
  @Test
  void areOrderedAsSemanticVersioningSays() {
    List<String> ascending = List.of(
        "0.9",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.2",
        "1.2.0.1",
        "1.10",
        "2",
        "10.0",
        "99999999999999999999.0");
    for (int i = 0; i < ascending.size(); i++) {
      for (int j = 0; j < ascending.size(); j++) {
        assertEquals(
            Integer.signum(Integer.compare(i, j)),
            Integer.signum(
                Version.parse(ascending.get(i)).compareTo(Version.parse(ascending.get(j)))),
            ascending.get(i) + " and " + ascending.get(j));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1.0.0", "v1.3,1.3", "01.03,1.3", "1.0+build.7,1.0", "1.0-01,1.0-1", "0,0.0"})
  void areTheSameWrittenOtherwise(String one, String two) {
    assertEquals(0, Version.parse(one).compareTo(Version.parse(two)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "v",
        "1.",
        ".1",
        "1..2",
        "1.x",
        "x",
        "1.0-",
        "1.0+",
        "1.0-a..b",
        " 1",
        "1\n",
        "-1",
        "1,2",
        "١.٢",
        "11111111111111111111111111111111111111111111111111111111111111111"
      })
  void areRefusedWhenTheyAreNone(String text) {
    assertThrows(IllegalArgumentException.class, () -> Version.parse(text));
  }
}

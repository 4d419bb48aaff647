package io.sallyport.policy;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A firmware version: numbers joined by dots, with an optional pre-release and build part, ordered as in Semantic
 * Versioning 2.0.0 §11. Any count of numbers is taken, a missing one is zero, leading zeros and a leading {@code v} count
 * for nothing. Numbers have no upper bound.
 */
record Version(List<String> numbers, List<String> preRelease) implements Comparable<Version> {
  /** Longer than any version that a vendor writes; keeps comparing cheap. */
  private static final int LONGEST = 64;

  private static final Pattern SHAPE = Pattern.compile(
      "v?([0-9]+(?:\\.[0-9]+)*)(?:-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?(?:\\+[0-9A-Za-z.-]+)?");

  /** A text that is no version; the message is for people. */
  static final class Malformed extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    Malformed(String reason) {
      super(reason);
    }
  }

  /** Throws {@link Malformed}. */
  static Version parse(String text) {
    Matcher shape = SHAPE.matcher(text);
    if (text.length() > LONGEST || !shape.matches()) {
      throw new Malformed(YamlReader.quoted(text)
          + " is not a version; a version is for instance 1.3.0 or 2.0.0-rc.1");
    }
    String preRelease = shape.group(2);
    return new Version(
        List.of(shape.group(1).split("\\.")),
        preRelease == null ? List.of() : List.of(preRelease.split("\\.")));
  }

  @Override
  public int compareTo(Version other) {
    for (int i = 0; i < Math.max(numbers.size(), other.numbers.size()); i++) {
      int order = compareNumbers(numberAt(i), other.numberAt(i));
      if (order != 0) {
        return order;
      }
    }
    if (preRelease.isEmpty() || other.preRelease.isEmpty()) {
      return Boolean.compare(preRelease.isEmpty(), other.preRelease.isEmpty());
    }
    for (int i = 0; i < Math.min(preRelease.size(), other.preRelease.size()); i++) {
      int order = compareIdentifiers(preRelease.get(i), other.preRelease.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(preRelease.size(), other.preRelease.size());
  }

  private String numberAt(int index) {
    return index < numbers.size() ? numbers.get(index) : "0";
  }

  private static int compareIdentifiers(String one, String two) {
    boolean oneIsNumber = one.chars().allMatch(c -> c >= '0' && c <= '9');
    boolean twoIsNumber = two.chars().allMatch(c -> c >= '0' && c <= '9');
    if (oneIsNumber && twoIsNumber) {
      return compareNumbers(one, two);
    }
    return oneIsNumber == twoIsNumber ? one.compareTo(two) : oneIsNumber ? -1 : 1;
  }

  private static int compareNumbers(String one, String two) {
    String a = one.replaceFirst("^0+", "");
    String b = two.replaceFirst("^0+", "");
    return a.length() != b.length() ? Integer.compare(a.length(), b.length()) : a.compareTo(b);
  }
}

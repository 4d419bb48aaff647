package io.sallyport.marks;

import io.sallyport.kernel.Digest;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How far a database had come.
 *
 * @param keeper whose marks these are: a folder, not a process
 * @param size facts under the newest checkpoint that may have been signed, 0 before there is one
 * @param root the tree's hash at that size, null for 0
 * @param numbers what only rises: {@code crl/AUTHORITY}, {@code epochs} of the jobs, {@code losses} accepted
 * @param signed the latest time by the clock at which something was signed
 */
public record Mark(
    UUID keeper,
    UUID database,
    long size,
    @Nullable Digest root,
    Map<String, Long> numbers,
    Instant signed) {
  static final String LIST = "crl/";
  static final String EPOCHS = "epochs";
  static final String LOSSES = "losses";

  /** One line a number; far more than there are authorities. */
  static final int MOST_CHARACTERS = 1 << 20;

  private static final String HEAD = "sallyport-marks/1\n";
  private static final Pattern TEXT = Pattern.compile("sallyport-marks/1\n"
      + "keeper ([0-9a-f-]{36})\n"
      + "database ([0-9a-f-]{36})\n"
      + "log (0|[1-9][0-9]{0,17}) ([0-9a-f]{64}|-)\n"
      + "signed ([0-9TZ:.+-]{10,40})\n"
      + "((?:number [a-z][a-z0-9/.-]{0,80} (?:0|[1-9][0-9]{0,17})\n)*+)"
      + "sha256 ([0-9a-f]{64})\n");

  public Mark {
    numbers = Collections.unmodifiableMap(new TreeMap<>(numbers));
    if ((size == 0) != (root == null)) {
      throw new IllegalArgumentException("a size and its root belong together");
    }
  }

  /** The first marks of a keeper. */
  static Mark of(UUID keeper, Standing standing) {
    return new Mark(
        keeper,
        standing.database(),
        standing.size(),
        standing.root(),
        standing.numbers(),
        standing.at());
  }

  /** How often a loss was accepted. */
  public long losses() {
    return numbers.getOrDefault(LOSSES, 0L);
  }

  /** The highest number of a list that was given out, by authority. */
  public Map<String, Long> lists() {
    Map<String, Long> lists = new TreeMap<>();
    numbers.forEach((name, number) -> {
      if (name.startsWith(LIST)) {
        lists.put(name.substring(LIST.length()), number);
      }
    });
    return lists;
  }

  public long epochs() {
    return numbers.getOrDefault(EPOCHS, 0L);
  }

  /** What is wrong with a database that has come this far, in a sentence; empty when it has reached these marks. */
  Optional<String> fault(Standing standing) {
    if (!standing.database().equals(database)) {
      return Optional.of("This is another database (" + standing.database()
          + ") than the one that the marks were made for (" + database + ").");
    }
    // A loss that was accepted since was an act of somebody, and is in the log.
    boolean accepted = standing.losses() > losses();
    if (!accepted && standing.size() < size) {
      return Optional.of("The log of this database has " + standing.size() + " facts sealed, "
          + size + " were signed.");
    }
    if (!accepted && size > 0 && !Objects.equals(root, standing.rootAtMark())) {
      return Optional.of("The first " + size
          + " facts in the log of this database are not those that were signed.");
    }
    for (Map.Entry<String, Long> number : numbers.entrySet()) {
      long there = standing.numbers().getOrDefault(number.getKey(), 0L);
      if (there < number.getValue()) {
        return Optional.of(told(number.getKey(), there, number.getValue()));
      }
    }
    return Optional.empty();
  }

  private static String told(String name, long there, long marked) {
    return switch (name) {
      case EPOCHS ->
        "The jobs of this database have changed hands " + there + " times, but " + marked
            + " times were seen.";
      case LOSSES -> "This database is from before a loss was accepted.";
      default ->
        "The revocation lists of \"" + name.substring(LIST.length()) + "\" stand at number " + there
            + ", but " + marked + " was given out.";
    };
  }

  /** These marks and what a database shows that has reached them. */
  Mark raised(Standing standing) {
    Mark next = with(standing.numbers());
    Digest itsRoot = standing.root();
    if (standing.losses() > losses()) {
      return new Mark(keeper, database, standing.size(), itsRoot, next.numbers, next.signed);
    }
    return itsRoot == null || standing.size() <= size
        ? next
        : next.with(standing.size(), itsRoot).signed(standing.at());
  }

  Mark with(long higherSize, Digest itsRoot) {
    return higherSize <= size
        ? this
        : new Mark(keeper, database, higherSize, itsRoot, numbers, signed);
  }

  Mark with(Map<String, Long> higher) {
    Map<String, Long> merged = new TreeMap<>(numbers);
    higher.forEach((name, number) -> merged.merge(name, number, Math::max));
    return merged.equals(numbers) ? this : new Mark(keeper, database, size, root, merged, signed);
  }

  Mark signed(Instant at) {
    return at.isAfter(signed) ? new Mark(keeper, database, size, root, numbers, at) : this;
  }

  /** As it stands in a file, its digest last. */
  String text() {
    StringBuilder text = new StringBuilder(HEAD)
        .append("keeper ")
        .append(keeper)
        .append('\n')
        .append("database ")
        .append(database)
        .append('\n')
        .append("log ")
        .append(size)
        .append(' ')
        .append(root == null ? "-" : root.hex())
        .append('\n')
        .append("signed ")
        .append(signed)
        .append('\n');
    numbers.forEach((name, number) ->
        text.append("number ").append(name).append(' ').append(number).append('\n'));
    String digest = digest(text);
    return text.append("sha256 ").append(digest).append('\n').toString();
  }

  /** Reads what {@link #text} wrote and nothing else; throws {@link IllegalArgumentException} with a sentence. */
  static Mark parse(String text) {
    Matcher parts = TEXT.matcher(text);
    if (text.length() > MOST_CHARACTERS || !parts.matches()) {
      throw new IllegalArgumentException("they are cut short, or no marks at all");
    }
    int end = text.length() - ("sha256 " + parts.group(7) + "\n").length();
    if (!digest(text.substring(0, end)).equals(parts.group(7))) {
      throw new IllegalArgumentException("they do not fit their own digest");
    }
    Map<String, Long> numbers = new TreeMap<>();
    parts.group(6).lines().forEach(line -> {
      String[] words = line.split(" ");
      numbers.put(words[1], Long.parseLong(words[2]));
    });
    try {
      Mark mark = new Mark(
          UUID.fromString(parts.group(1)),
          UUID.fromString(parts.group(2)),
          Long.parseLong(parts.group(3)),
          parts.group(4).equals("-") ? null : Digest.ofHex(parts.group(4)),
          numbers,
          Instant.parse(parts.group(5)));
      if (!mark.text().equals(text)) {
        throw new IllegalArgumentException("they are not written as they are always written");
      }
      return mark;
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException("they hold no time");
    }
  }

  private static String digest(CharSequence text) {
    return Digest.of(text.toString().getBytes(StandardCharsets.UTF_8)).hex();
  }
}

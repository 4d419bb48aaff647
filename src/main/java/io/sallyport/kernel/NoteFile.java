package io.sallyport.kernel;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads the notes of a file to which one was appended after the other, a note at a time. A note that a power cut tore off
 * does not spoil the next one, which begins on a line of its own with the log's name. One thread.
 */
public final class NoteFile {
  /** As for a note. */
  private static final int MOST_OCTETS = 64 * 1024;

  private static final String DASH = "\u2014 ";

  private final InputStream in;
  private final String origin;
  private @Nullable String ahead;
  private boolean ended;

  /** @param origin the log's name, with which every note begins */
  public NoteFile(InputStream in, String origin) {
    this.in = in;
    this.origin = origin;
  }

  /**
   * The next record as it stands there, a whole note or what is left of one; null at the end. Throws {@link
   * IllegalArgumentException} with a sentence when there is more without an end than a note can have.
   */
  public @Nullable String next() throws IOException {
    StringBuilder record = new StringBuilder();
    boolean signatures = false;
    while (true) {
      String line = ahead == null ? line() : ahead;
      ahead = null;
      if (line == null) {
        return record.isEmpty() ? null : record.toString();
      }
      boolean first = record.isEmpty();
      if (!first && (signatures && !line.startsWith(DASH) || line.equals(origin + "\n"))) {
        ahead = line;
        return record.toString();
      }
      signatures |= line.equals("\n");
      record.append(line);
      if (record.length() > MOST_OCTETS) {
        throw tooLong();
      }
    }
  }

  /** A line with its break, where it has one. */
  private @Nullable String line() throws IOException {
    if (ended) {
      return null;
    }
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int octet = in.read(); ; octet = in.read()) {
      if (octet < 0) {
        ended = true;
        return line.size() == 0 ? null : line.toString(StandardCharsets.UTF_8);
      }
      line.write(octet);
      if (octet == '\n') {
        return line.toString(StandardCharsets.UTF_8);
      }
      if (line.size() > MOST_OCTETS) {
        throw tooLong();
      }
    }
  }

  private static IllegalArgumentException tooLong() {
    return new IllegalArgumentException(
        "This is not a file of checkpoints: a record has more than " + MOST_OCTETS + " octets.");
  }
}

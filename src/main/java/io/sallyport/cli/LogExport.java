package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Function;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A log in one file, for checks without a server: JSON, a line each. First {@code {"format", "key"}}, then every
 * checkpoint as {@code {"checkpoint"}} and behind it the facts that it is the first to cover as {@code {"fact"}}, both as
 * the server's lists have them (of one whose content was dropped its position and hash), last {@code {"end"}} with how
 * many there were. Compressed when its name ends with {@code
 * .gz}. Written and read with the same memory whatever its size.
 */
final class LogExport {
  private static final String FORMAT = "sallyport-log-export/1";

  /** A fact fits a leaf of 64 KiB, and stands here twice. */
  private static final int MOST_LINE = 1 << 20;

  private static final int GZIP_MAGIC = 0x1f8b;
  private static final FileAttribute<?> OWNER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Path file;

  LogExport(Path file) {
    this.file = file;
  }

  /** How much was written. */
  record Extent(long facts, long checkpoints) {}

  /** Everything under the newest checkpoint that there is now. The file appears whole or not at all. */
  Extent write(ApiClient api) {
    Path draft = file.resolveSibling("." + file.getFileName() + ".new");
    try {
      Files.deleteIfExists(draft);
      Extent extent;
      try (FileChannel channel = FileChannel.open(
              draft, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OWNER);
          OutputStream plain = new BufferedOutputStream(Channels.newOutputStream(channel))) {
        OutputStream out =
            file.toString().endsWith(".gz") ? new GZIPOutputStream(plain, MOST_LINE) : plain;
        extent = write(api, out);
        if (out instanceof GZIPOutputStream compressed) {
          compressed.finish();
        }
        plain.flush();
        channel.force(true);
      }
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return extent;
    } catch (IOException e) {
      throw Failure.usage(file + " cannot be written: " + e.getMessage());
    } finally {
      try {
        Files.deleteIfExists(draft);
      } catch (IOException e) {
        // What is left of it is no export, and its name says so.
      }
    }
  }

  private static Extent write(ApiClient api, OutputStream out) throws IOException {
    line(
        out,
        Json.object()
            .put("format", FORMAT)
            .put("key", api.get("/audit/key").path("vkey").asText()));
    Answer latest = api.tryGet("/audit/checkpoints/latest");
    long size = latest.status() == 404 ? 0 : latest.orFail().json().path("size").asLong();
    Iterator<JsonNode> facts = new WholeLog<>(api, Function.identity());
    Iterator<JsonNode> checkpoints =
        new AuditFeed<>(api, "checkpoints", "size", Function.identity());
    JsonNode fact = next(facts);
    long written = 0;
    long signed = 0;
    // As it is, gaps and all: to judge it is for the check.
    for (long covered = 0; covered < size && checkpoints.hasNext(); signed++) {
      JsonNode checkpoint = checkpoints.next();
      line(out, one("checkpoint", checkpoint));
      covered = checkpoint.path("size").asLong();
      for (; fact != null && fact.path("position").asLong() <= covered; written++) {
        line(out, one("fact", fact));
        fact = next(facts);
      }
    }
    ObjectNode end = Json.object();
    end.putObject("end").put("facts", written).put("checkpoints", signed);
    line(out, end);
    return new Extent(written, signed);
  }

  private static @Nullable JsonNode next(Iterator<JsonNode> items) {
    return items.hasNext() ? items.next() : null;
  }

  private static ObjectNode one(String name, JsonNode value) {
    ObjectNode line = Json.object();
    line.set(name, value);
    return line;
  }

  private static void line(OutputStream out, JsonNode value) throws IOException {
    out.write(Json.octets(value));
    out.write('\n');
  }

  /** The verifier key that the export names; a usage failure when this is no export. */
  String key() {
    try (Lines lines = new Lines()) {
      JsonNode head = lines.next();
      if (head == null || !FORMAT.equals(head.path("format").asText())) {
        throw Failure.usage(file + " is not an export of a log (" + FORMAT + ").");
      }
      return head.path("key").asText();
    } catch (LogVerifier.Unreadable e) {
      throw Failure.usage(file + " is not an export of a log: " + e.sentence());
    }
  }

  /**
   * All items of one kind in the order of the file; each opens the file anew.
   *
   * @param name {@code fact} or {@code checkpoint}
   */
  <T> Items<T> items(String name, Function<JsonNode, T> read) {
    return new Items<>(name, read);
  }

  /** One kind of items. Throws {@link LogVerifier.Unreadable} at a line that is not of the format. */
  final class Items<T> implements Iterator<T>, AutoCloseable {
    private final Lines lines = new Lines();
    private final String name;
    private final Function<JsonNode, T> read;
    private @Nullable JsonNode ahead;
    private long facts;
    private long checkpoints;
    private @Nullable JsonNode end;

    private Items(String name, Function<JsonNode, T> read) {
      this.name = name;
      this.read = read;
      lines.next();
    }

    /** Whether the file ends as it was ended, with as many items as it says. */
    boolean whole() {
      JsonNode told = end;
      return told != null
          && told.path("facts").asLong(-1) == facts
          && told.path("checkpoints").asLong(-1) == checkpoints;
    }

    @Override
    public boolean hasNext() {
      while (ahead == null) {
        JsonNode line = lines.next();
        if (line == null) {
          return false;
        }
        if (end != null || line.size() != 1) {
          throw lines.unreadable("it is none of this format");
        }
        if (line.has("end")) {
          end = line.get("end");
        } else if (line.has("fact")) {
          facts++;
        } else if (line.has("checkpoint")) {
          checkpoints++;
        } else {
          throw lines.unreadable("it is none of this format");
        }
        ahead = line.get(name);
      }
      return true;
    }

    @Override
    public T next() {
      JsonNode item = hasNext() ? ahead : null;
      if (item == null) {
        throw new NoSuchElementException();
      }
      ahead = null;
      try {
        return read.apply(item);
      } catch (RuntimeException e) {
        throw lines.unreadable(String.valueOf(e.getMessage()));
      }
    }

    @Override
    public void close() {
      lines.close();
    }
  }

  /** The lines of the file. */
  private final class Lines implements AutoCloseable {
    private final InputStream in;
    private long number;

    Lines() {
      try {
        InputStream raw = Files.newInputStream(file);
        PushbackInputStream plain =
            new PushbackInputStream(new BufferedInputStream(raw, MOST_LINE), 2);
        int first = plain.read();
        int second = plain.read();
        if (second >= 0) {
          plain.unread(second);
        }
        if (first >= 0) {
          plain.unread(first);
        }
        in = (first << Byte.SIZE | second) == GZIP_MAGIC
            ? new BufferedInputStream(new GZIPInputStream(plain, MOST_LINE), MOST_LINE)
            : plain;
      } catch (NoSuchFileException e) {
        throw Failure.usage(file + " does not exist.");
      } catch (IOException e) {
        throw Failure.usage(file + " cannot be read: " + e.getMessage());
      }
    }

    /** Null at the end, also where the last line was cut off. */
    @Nullable
    JsonNode next() {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      number++;
      try {
        for (int octet = in.read(); octet != '\n'; octet = in.read()) {
          if (octet < 0) {
            return null;
          }
          line.write(octet);
          if (line.size() > MOST_LINE) {
            throw unreadable("it has more than " + MOST_LINE + " octets");
          }
        }
      } catch (IOException e) {
        // A compressed file that was cut short.
        return null;
      }
      try {
        return Json.read(line.toByteArray());
      } catch (IOException e) {
        throw unreadable("it is not JSON");
      }
    }

    LogVerifier.Unreadable unreadable(String why) {
      return new LogVerifier.Unreadable(
          "Line " + number + " of the export cannot be read: " + why + ".");
    }

    @Override
    public void close() {
      try {
        in.close();
      } catch (IOException e) {
        // It was only read.
      }
    }
  }
}

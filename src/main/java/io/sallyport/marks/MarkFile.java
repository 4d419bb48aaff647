package io.sallyport.marks;

import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Marks in a file that is replaced whole, under a lock that nodes with a shared folder take in turns. */
final class MarkFile {
  private static final String NAME = "marks";

  private final Path folder;
  private final Path file;

  MarkFile(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
    this.file = this.folder.resolve(NAME);
  }

  Path path() {
    return file;
  }

  /** Empty when there are none; refuses with {@code marks-unusable} what is not whole, or was altered. */
  Optional<Mark> read() {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] octets = in.readNBytes(Mark.MOST_CHARACTERS + 1);
      return Optional.of(Mark.parse(new String(octets, StandardCharsets.ISO_8859_1)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      throw new Refusal(
          MarksProblem.MARKS,
          "The marks in " + file + " were altered: " + e.getMessage()
              + ". They say how far the database had come, so nothing is served without them. Put them back from a"
              + " copy; or, if it is certain that this is the newest database, move the file away and start again.");
    } catch (IOException e) {
      throw new Refusal(
          MarksProblem.AWAY,
          "The marks in " + file + " cannot be read: " + e.getMessage()
              + ". Nothing is signed until they can.");
    }
  }

  /** Replaces the marks by what {@code change} makes of them, durably when this returns; answers them. */
  Mark change(Mark otherwise, UnaryOperator<Mark> change) {
    try {
      make();
      try (FileChannel channel = FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        Optional<Mark> known = read();
        Mark next = change.apply(known.orElse(otherwise));
        if (known.isEmpty() || !known.get().equals(next)) {
          write(next);
        }
        return next;
      }
    } catch (IOException e) {
      throw new Refusal(
          MarksProblem.AWAY,
          "The marks cannot be written to " + file + ": " + e.getMessage()
              + ". Nothing is signed until they can.");
    }
  }

  private void make() throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder, permissions("rwx------"));
    }
  }

  private void write(Mark mark) throws IOException {
    Path fresh = folder.resolve(NAME + ".new");
    Files.deleteIfExists(fresh);
    Files.createFile(fresh, permissions("rw-------"));
    try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
      ByteBuffer rest = ByteBuffer.wrap(mark.text().getBytes(StandardCharsets.ISO_8859_1));
      while (rest.hasRemaining()) {
        channel.write(rest);
      }
      channel.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel entry = FileChannel.open(folder, StandardOpenOption.READ)) {
      entry.force(true);
    }
  }

  private FileAttribute<?>[] permissions(String letters) {
    return folder.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(letters))
        }
        : new FileAttribute<?>[0];
  }
}

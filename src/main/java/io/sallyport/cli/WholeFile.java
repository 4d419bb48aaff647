package io.sallyport.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Writes small files whole or not at all: a neighbour is written, forced to disk and renamed over the target. */
final class WholeFile {
  private static final FileAttribute<?> OWNER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<?> EVERYONE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--"));

  private WholeFile() {}

  /** For the owner's eyes alone, from the first octet on. */
  static void secret(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8), OWNER);
  }

  static void open(Path file, String text) {
    open(file, text.getBytes(StandardCharsets.UTF_8));
  }

  static void open(Path file, byte[] octets) {
    write(file, octets, EVERYONE);
  }

  private static void write(Path file, byte[] content, FileAttribute<?> permissions) {
    Path folder = file.toAbsolutePath().getParent();
    Path neighbour = file.resolveSibling("." + file.getFileName() + ".new");
    try {
      if (folder != null) {
        Files.createDirectories(folder);
      }
      Files.deleteIfExists(neighbour);
      try (FileChannel channel = FileChannel.open(
          neighbour,
          Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
          permissions)) {
        ByteBuffer octets = ByteBuffer.wrap(content);
        while (octets.hasRemaining()) {
          channel.write(octets);
        }
        channel.force(true);
      }
      Files.move(
          neighbour, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw Failure.usage(file + " cannot be written: " + e.getMessage());
    }
  }
}

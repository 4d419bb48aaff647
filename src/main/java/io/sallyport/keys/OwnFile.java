package io.sallyport.keys;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Reads small files that hold secrets. */
final class OwnFile {
  private static final int MOST_OCTETS = 4096;
  private static final Set<PosixFilePermission> OTHERS =
      PosixFilePermissions.fromString("---rwxrwx");

  private OwnFile() {}

  static byte[] read(String name) throws IOException, ReadableByOthersException {
    Path file = Path.of(name);
    if (Files.getFileStore(file).supportsFileAttributeView("posix")
        && Files.getPosixFilePermissions(file).stream().anyMatch(OTHERS::contains)) {
      throw new ReadableByOthersException();
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] octets = in.readNBytes(MOST_OCTETS + 1);
      if (octets.length > MOST_OCTETS) {
        throw new IOException(name + " is larger than " + MOST_OCTETS + " octets");
      }
      return octets;
    }
  }

  /** Somebody else than the owner may read or change the file. */
  static final class ReadableByOthersException extends Exception {
    private static final long serialVersionUID = 1L;
  }
}

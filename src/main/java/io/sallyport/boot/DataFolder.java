package io.sallyport.boot;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** The data folder: its lock, and files that appear whole or not at all. */
final class DataFolder {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> READABLE =
      PosixFilePermissions.fromString("rw-r--r--");

  /** A lock that nobody refers to is given up by the garbage collector. */
  private static final List<FileLock> HELD = new CopyOnWriteArrayList<>();

  private final Path folder;

  DataFolder(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
    if (!Files.isDirectory(this.folder)) {
      make(this.folder);
    }
  }

  private void make(Path made) {
    try {
      Files.createDirectories(made);
      if (posix()) {
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwx------"));
      }
    } catch (IOException e) {
      throw new StartRefused("The folder " + made + " cannot be made: " + e.getMessage());
    }
  }

  /** A folder in the data folder for its owner alone, whoever made the data folder. */
  Path ownersFolder(String name) {
    make(path(name));
    return path(name);
  }

  Path path(String name) {
    return folder.resolve(name);
  }

  /** Held until the process ends; a second server on the same folder is refused. */
  void lock() {
    try {
      FileChannel channel =
          FileChannel.open(path("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      @Nullable FileLock lock = channel.tryLock();
      if (lock != null) {
        HELD.add(lock);
        return;
      }
    } catch (OverlappingFileLockException heldHere) {
      throw inUse();
    } catch (IOException e) {
      throw new StartRefused("The data folder " + folder + " cannot be locked: " + e.getMessage());
    }
    throw inUse();
  }

  private StartRefused inUse() {
    return new StartRefused(
        "Another server runs on the data folder " + folder + "; stop it or choose another --data.");
  }

  Optional<String> read(String name) {
    Path file = path(name);
    try {
      return Files.exists(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
    } catch (IOException e) {
      throw new StartRefused(file + " cannot be read: " + e.getMessage());
    }
  }

  void remove(String name) {
    try {
      Files.deleteIfExists(path(name));
    } catch (IOException e) {
      throw new UncheckedIOException(path(name) + " cannot be removed", e);
    }
  }

  void writeSecret(String name, String content) {
    write(name, content, OWNER_ONLY);
  }

  void write(String name, String content) {
    write(name, content, READABLE);
  }

  private void write(String name, String content, Set<PosixFilePermission> permissions) {
    Path file = path(name);
    Path fresh = path(name + ".new");
    try {
      Files.deleteIfExists(fresh);
      if (posix()) {
        Files.createFile(fresh, PosixFilePermissions.asFileAttribute(permissions));
      } else {
        Files.createFile(fresh);
      }
      Files.writeString(fresh, content + (content.endsWith("\n") ? "" : "\n"));
      try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " cannot be written", e);
    }
  }

  private boolean posix() {
    return folder.getFileSystem().supportedFileAttributeViews().contains("posix");
  }
}

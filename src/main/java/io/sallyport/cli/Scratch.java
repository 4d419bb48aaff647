package io.sallyport.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Temporary folders. */
final class Scratch {
  private static final int TRIES = 20;
  private static final Duration BETWEEN = Duration.ofMillis(250);

  private Scratch() {}

  /**
   * Removes a folder and all in it; links are removed, not followed. A process that just ended may still write its last
   * file, so this is tried again; what then remains is named, and is no failure of what was done.
   */
  static void remove(Path folder, PrintWriter out) {
    for (int left = TRIES; ; left--) {
      try {
        tryRemove(folder);
        return;
      } catch (IOException e) {
        if (left == 0) {
          out.println("Could not be removed: " + folder + " (" + e + ")");
          return;
        }
        LockSupport.parkNanos(BETWEEN.toNanos());
      }
    }
  }

  private static void tryRemove(Path folder) throws IOException {
    Files.walkFileTree(folder, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
          throws IOException {
        Files.deleteIfExists(file);
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failed)
          throws IOException {
        Files.deleteIfExists(visited);
        return FileVisitResult.CONTINUE;
      }
    });
  }
}

package io.sallyport.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;

/**
 * The class cache that the launcher gives a server after a build. A start with it takes a third of the processor time of a
 * start without, and the integration tests start servers by the dozen.
 */
final class Trained {
  private static final Path FOLDER = Path.of("target", "it-aot");
  private static final Path CACHE = FOLDER.resolve("server.aot");

  private Trained() {}

  /**
   * The cache for a server that is started from {@code jar}. The first to ask after a build makes it, by {@code training}: a
   * start with the option that it is given, and an orderly end.
   */
  static synchronized Path cache(Path jar, Consumer<String> training) {
    try {
      Files.createDirectories(FOLDER);
      if (!Files.exists(CACHE)
          || Files.getLastModifiedTime(CACHE).compareTo(Files.getLastModifiedTime(jar)) < 0) {
        Path fresh = FOLDER.resolve("fresh.aot");
        Files.deleteIfExists(fresh);
        training.accept("-XX:AOTCacheOutput=" + fresh);
        Files.move(fresh, CACHE, StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return CACHE.toAbsolutePath();
  }
}

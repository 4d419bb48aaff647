package io.sallyport.admin.console;

import io.sallyport.kernel.Digest;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;

/**
 * The style sheets, scripts and pictures of the console, from the class path. Their version is a digest over all of them
 * and stands in their path, so that a browser may keep them for ever.
 */
@Singleton
final class Assets {
  /** Nothing but these is served. */
  private static final Map<String, String> TYPES = Map.of(
      "tabler.min.css", "text/css;charset=utf-8",
      "console.css", "text/css;charset=utf-8",
      "htmx.min.js", "text/javascript;charset=utf-8",
      "theme.js", "text/javascript;charset=utf-8",
      "console.js", "text/javascript;charset=utf-8",
      "mark.svg", "image/svg+xml");

  private static final int VERSION_DIGITS = 16;

  private final Map<String, Asset> assets = new TreeMap<>();
  private final String version;

  Assets() {
    TYPES.forEach((name, type) -> read(name)
        .ifPresent(octets -> assets.put(name, new Asset(type, octets, compressed(octets)))));
    version = Digest.of(assets.values().stream().map(Asset::octets).toArray(byte[][]::new))
        .hex()
        .substring(0, VERSION_DIGITS);
  }

  /** A file as it is, and compressed. */
  record Asset(String type, byte[] octets, byte[] gzip) {}

  String version() {
    return version;
  }

  Optional<Asset> find(String name) {
    return Optional.ofNullable(assets.get(name));
  }

  private static Optional<byte[]> read(String name) {
    try (InputStream file = Assets.class.getResourceAsStream("/console/" + name)) {
      return file == null ? Optional.empty() : Optional.of(file.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] compressed(byte[] octets) {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream(octets.length);
    try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
      gzip.write(octets);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return compressed.toByteArray();
  }
}

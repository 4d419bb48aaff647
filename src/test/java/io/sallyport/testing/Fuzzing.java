package io.sallyport.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Jazzer, guided by coverage, on a reader of untrusted octets, for SALLYPORT_FUZZ_SECONDS and in a JVM of its own. A target is a class
 * with {@code public static void fuzzerTestOneInput(byte[])}; whatever that throws is a finding, as are a hang, memory without
 * bound and what Jazzer's own detectors see. It starts from inputs that are good, and from those in the folder {@code fuzz} of
 * the test resources that is named after the target's test; an input that once was a finding goes there.
 */
public final class Fuzzing {
  private static final String METHOD = "fuzzerTestOneInput";
  private static final Pattern DONE = Pattern.compile("Done ([0-9]+) runs");
  private static final Pattern LIBRARIES = Pattern.compile(
      "(bc|jackson-|jazzer|jakarta\\.|jboss-logging|jspecify|picocli|junit-|opentest4j).*\\.jar");
  private static final int LONGEST_TOLD = 4_000;

  /** How long Jazzer looks for more, for each target; without it only what is known is read. */
  private static final @Nullable String SECONDS = System.getenv("SALLYPORT_FUZZ_SECONDS");

  private Fuzzing() {}

  /** Fails when the target throws. */
  public static void of(Class<?> target, List<byte[]> good) {
    try {
      List<byte[]> seeds = new ArrayList<>(good);
      seeds.addAll(kept(target));
      // Here first, where a failure shows its whole trace.
      for (byte[] seed : seeds) {
        read(target, seed);
      }
      if (SECONDS == null) {
        return;
      }
      Path folder = Files.createTempDirectory("sallyport-fuzz");
      try {
        explore(target, seeds, folder);
      } finally {
        try (Stream<Path> files = Files.walk(folder)) {
          files.sorted((a, b) -> b.compareTo(a)).forEach(file -> file.toFile().delete());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void read(Class<?> target, byte[] input) {
    try {
      Method method = target.getDeclaredMethod(METHOD, byte[].class);
      method.setAccessible(true);
      method.invoke(null, (Object) input);
    } catch (InvocationTargetException thrown) {
      throw new AssertionError("a seed is not read", thrown.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(target + " is no target", e);
    }
  }

  private static void explore(Class<?> target, List<byte[]> seeds, Path folder) throws IOException {
    Path corpus = Files.createDirectory(folder.resolve("corpus"));
    for (int i = 0; i < seeds.size(); i++) {
      Files.write(corpus.resolve("seed-" + i), seeds.get(i));
    }
    Path said = folder.resolve("said.txt");
    Process process = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            // It is over before a better compiler or a collector with threads of its own pays.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:+EnableDynamicAgentLoading",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            classPath(),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=" + target.getName(),
            "--instrumentation_includes=io.sallyport.**",
            "--custom_hook_includes=io.sallyport.**",
            "--reproducer_path=" + folder,
            "-artifact_prefix=" + folder + File.separator,
            // The same from the same seed, as far as time allows.
            "-seed=1",
            // What the heap may take says -Xmx; how much more the machine lends differs from one to
            // the next.
            "-rss_limit_mb=0",
            "-timeout=300",
            "-max_total_time=" + SECONDS,
            corpus.toString())
        .directory(folder.toFile())
        .redirectErrorStream(true)
        .redirectOutput(said.toFile())
        .start();
    int code;
    try {
      code = process.waitFor();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    String text = Files.readString(said, StandardCharsets.ISO_8859_1);
    String told = text.substring(Math.max(0, text.length() - LONGEST_TOLD));
    assertEquals(0, code, () -> target.getName() + ": Jazzer has a finding\n" + told);
    Matcher done = DONE.matcher(text);
    assertTrue(
        done.find() && Long.parseLong(done.group(1)) > 0,
        () -> target.getName() + ": Jazzer tried nothing\n" + told);
    System.out.printf("%s: %s inputs in %s s%n", target.getName(), done.group(1), SECONDS);
  }

  /** Jazzer looks into all of it before it begins, so there is only what readers stand on. */
  private static String classPath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> Files.isDirectory(Path.of(entry))
            || LIBRARIES.matcher(Path.of(entry).getFileName().toString()).matches())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static List<byte[]> kept(Class<?> target) throws IOException {
    Class<?> test = target.getNestHost();
    URL folder = test.getResource("/fuzz/" + test.getSimpleName());
    if (folder == null) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
      List<byte[]> inputs = new ArrayList<>();
      for (Path file : files.sorted().toList()) {
        inputs.add(Files.readAllBytes(file));
      }
      return inputs;
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}

package io.sallyport.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * Programs that others wrote. With {@code SALLYPORT_PEERS=required} a missing one fails the test; without it the test is
 * skipped and says why.
 */
public final class Peers {
  private static final boolean REQUIRED = "required".equals(System.getenv("SALLYPORT_PEERS"));
  private static final int PATIENCE_SECONDS = 60;

  private Peers() {}

  /** What a program said, standard error included, and how it ended. */
  public record Said(List<String> command, int code, String output) {
    /** The output of a program that must succeed. */
    public String orFail() {
      if (code != 0) {
        throw new AssertionError(
            String.join(" ", command) + " ended with " + code + ":\n" + output);
      }
      return output;
    }
  }

  /** Goes on only where these programs are installed. */
  public static void need(String... programs) {
    List<String> missing =
        Arrays.stream(programs).filter(program -> !installed(program)).toList();
    if (missing.isEmpty()) {
      return;
    }
    without("not installed: " + String.join(", ", missing));
  }

  /** Fails or skips the test for want of something. */
  public static void without(String sentence) {
    if (REQUIRED) {
      throw new AssertionError(sentence + ", but SALLYPORT_PEERS=required");
    }
    System.out.println("Skipped: " + sentence);
    Assumptions.abort(sentence);
  }

  /** Goes on only for root, who may make network namespaces. */
  public static void needRoot() {
    if ("0"
        .equals(run(Path.of(System.getProperty("java.io.tmpdir")), "id", "-u")
            .output()
            .strip())) {
      return;
    }
    if (REQUIRED) {
      throw new AssertionError("not root, but SALLYPORT_PEERS=required");
    }
    System.out.println("Skipped: only root can make network namespaces");
    Assumptions.abort("only root can make network namespaces");
  }

  /** Runs a program in {@code folder}. */
  public static Said run(Path folder, String... command) {
    return run(folder, Map.of(), command);
  }

  /** The same, with {@code variables} added to the environment. */
  public static Said run(Path folder, Map<String, String> variables, String... command) {
    try {
      Path output = Files.createTempFile(folder, "said", ".txt");
      ProcessBuilder builder = new ProcessBuilder(command)
          .directory(folder.toFile())
          .redirectErrorStream(true)
          .redirectOutput(output.toFile())
          .redirectInput(new File("/dev/null"));
      builder.environment().putAll(variables);
      Process process = builder.start();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(
            String.join(" ", command) + " does not end:\n" + Files.readString(output));
      }
      String said = new String(Files.readAllBytes(output), StandardCharsets.ISO_8859_1);
      Files.delete(output);
      return new Said(List.of(command), process.exitValue(), said);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static boolean installed(String program) {
    return Arrays.stream(String.valueOf(System.getenv("PATH")).split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}

package io.sallyport.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code demo}: the whole story against a server of its own. */
@Command(
    name = "demo",
    description =
        "From the production line to the firewall, over the network, against a server of its own.")
final class DemoCommand implements Callable<Integer> {
  private final Options options;
  private final Clock clock;

  @Option(names = "--keep", description = "leave the data folder and the server's log behind")
  private boolean keep;

  DemoCommand(Options options, Clock clock) {
    this.options = options;
    this.clock = clock;
  }

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    Output output = options.output();
    Path scratch =
        options.data == null ? Files.createTempDirectory("sallyport-demo-") : fresh(options.data);
    boolean leave = keep || options.data != null;
    output.writer().println("Starting a server on " + scratch + " …");
    output.writer().flush();
    try {
      tell(scratch, start);
      return ExitCode.OK.number();
    } finally {
      if (leave) {
        output.writer().println("Kept: " + scratch);
      } else {
        Scratch.remove(scratch, output.writer());
      }
    }
  }

  private void tell(Path scratch, long start) {
    Output output = options.output();
    Path data = scratch.resolve("server");
    try (ChildServer server = ChildServer.start(options, data, scratch.resolve("server.log"))) {
      output.writer().println("Ready after " + seconds(start) + ".");
      options.data = data;
      Narrator narrator = new Narrator(
          output.writer(), System.console() != null && System.console().isTerminal());
      try (DemoStory story = new DemoStory(options, scratch, narrator, clock)) {
        story.tell();
      } catch (Failure failure) {
        output.writer().println();
        output.writer().println("The end of the server's log:\n" + server.tail());
        output.writer().flush();
        throw failure;
      }
      output.writer().println();
      output
          .writer()
          .println(
              "All " + narrator.steps() + " steps as expected. Total time " + seconds(start) + ".");
      output.writer().flush();
    }
  }

  private static Path fresh(Path folder) throws IOException {
    if (Files.exists(folder.resolve("server"))) {
      throw Failure.usage(folder + " holds an earlier demo; name a fresh folder.");
    }
    return Files.createDirectories(folder);
  }

  private static String seconds(long start) {
    return String.format(
        Locale.ROOT, "%.1f s", Duration.ofNanos(System.nanoTime() - start).toMillis() / 1000.0);
  }
}

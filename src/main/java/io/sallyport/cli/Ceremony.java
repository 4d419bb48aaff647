package io.sallyport.cli;

import io.sallyport.kernel.Digest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** {@code ceremony.txt}: every act of a root that is kept off the server, each entry over all that stood before it. */
final class Ceremony {
  private final Path file;
  private final Clock clock;

  Ceremony(Path folder, Clock clock) {
    file = folder.resolve("ceremony.txt");
    this.clock = clock;
  }

  /** What was written down so far. */
  String told() {
    return Files.exists(file) ? Pem.text(file) : "";
  }

  void record(String act, List<String> lines) {
    String before = told();
    StringBuilder text = new StringBuilder(before);
    text.append(clock.instant().truncatedTo(ChronoUnit.SECONDS)).append(' ').append(act);
    text.append('\n');
    lines.forEach(line -> text.append("  ").append(line.replace('\n', ' ')).append('\n'));
    text.append("  before this: sha-256 ")
        .append(Digest.of(before.getBytes(StandardCharsets.UTF_8)).hex())
        .append('\n');
    WholeFile.open(file, text.toString());
  }
}

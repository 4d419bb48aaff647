package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Measurements that a server makes of itself, in a child process that ends when it is done. */
final class InnerBench {
  private static final Duration LONGEST = Duration.ofMinutes(30);
  /** The bare loops and a million of whatever is measured need room beside the server. */
  private static final List<String> ROOM = List.of("-Xmx512m");
  /** A million devices twice, while they are loaded anew. */
  private static final String MORE_ROOM = "-Xmx2g";
  /** A device among a million is found by fewer looks at page tables. */
  private static final String HUGE_PAGES = "-XX:+UseTransparentHugePages";
  /** Only there does the JVM know the option. */
  private static final Path ON_LINUX = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  private final Options options;
  private final Path scratch;
  private final Duration time;
  private final List<String> room;

  InnerBench(Options options, Path scratch, Duration time) {
    this(options, scratch, time, ROOM);
  }

  /** With room for a million devices. */
  static InnerBench large(Options options, Path scratch, Duration time) {
    return new InnerBench(
        options,
        scratch,
        time,
        Files.exists(ON_LINUX) ? List.of(MORE_ROOM, HUGE_PAGES) : List.of(MORE_ROOM));
  }

  private InnerBench(Options options, Path scratch, Duration time, List<String> room) {
    this.options = options;
    this.scratch = scratch;
    this.time = time;
    this.room = room;
  }

  /** Runs these probes, or those of these groups. */
  List<BenchCommand.Figure> run(List<String> probes) throws IOException {
    Files.createDirectories(scratch);
    Path out = scratch.resolve("figures.json");
    Map<String, String> settings = Map.of(
        "SALLYPORT_BENCH", String.join(",", probes),
        "SALLYPORT_BENCH_OUT", out.toString(),
        "SALLYPORT_BENCH_TIME", time.toString());
    try (ChildServer server = ChildServer.begin(
        options, scratch.resolve("inner"), scratch.resolve("inner.log"), room, settings)) {
      if (!server.awaitEnd(LONGEST) || !Files.exists(out)) {
        throw new Failure(ExitCode.REFUSED, "The measurement did not end well:\n" + server.tail());
      }
    }
    List<BenchCommand.Figure> figures = new ArrayList<>();
    for (JsonNode figure : Json.read(Files.readAllBytes(out))) {
      figures.add(new BenchCommand.Figure(
          figure.path("name").asText(),
          figure.path("value").asDouble(),
          figure.path("unit").asText(),
          figure.path("bare").asDouble(),
          figure.path("ratio").asDouble(),
          figure.path("bare_is").asText()));
    }
    return figures;
  }
}

package io.sallyport.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench}: figures beside the same work done by a bare loop in the same run. */
@Command(
    name = "bench",
    description =
        "Measures a server of its own, each figure beside a bare loop; client and server share this machine.")
final class BenchCommand implements Callable<Integer> {
  /** A figure, the same work done barely, and their quotient. */
  record Figure(String name, double value, String unit, double bare, double ratio, String barely) {
    Figure(String name, double value, String unit, double bare, String barely) {
      this(name, value, unit, bare, bare == 0 ? 0 : value / bare, barely);
    }
  }

  private static final List<String> ALL = List.of("est", "ocsp", "revocation");
  /** Measured inside a server of its own, and only when asked for: it takes minutes. */
  private static final String PKI = "pki";
  /** The same. */
  private static final String DECISIONS = "decisions";

  private static final List<String> INSIDE = List.of(PKI, DECISIONS);
  /** From outside too, and only when asked for: it takes minutes. */
  private static final String ONBOARDING = "onboarding";

  private static final String BARE = "bare-";
  /** The heap under which a million devices are imported. */
  private static final List<String> LINE = List.of("-Xmx256m", "-XX:NewRatio=1");

  private static final int MOST_SECONDS = 300;

  private final Options options;
  private final Clock clock;

  @Parameters(
      paramLabel = "WHAT",
      arity = "0..*",
      description =
          "est, ocsp, revocation (default: these), onboarding, or pki and decisions, measured inside the server")
  private List<String> what = new ArrayList<>();

  @Option(
      names = "--seconds",
      defaultValue = "5",
      description = "how long each figure may take (default: 5)")
  private int seconds;

  @Option(
      names = "--probe",
      paramLabel = "NAME",
      split = ",",
      description =
          "of pki, decisions or onboarding only these, for instance issuance or batch (default: all)")
  private List<String> probes = new ArrayList<>();

  @Option(names = "--json", paramLabel = "FILE", description = "write the figures there, as JSON")
  private @Nullable Path file;

  BenchCommand(Options options, Clock clock) {
    this.options = options;
    this.clock = clock;
  }

  @Override
  public Integer call() throws IOException {
    List<String> wanted = what.isEmpty() ? ALL : what;
    for (String name : wanted) {
      if (!ALL.contains(name) && !INSIDE.contains(name) && !name.equals(ONBOARDING)) {
        throw Failure.usage("There is no bench " + name + "; there are " + String.join(", ", ALL)
            + ", " + ONBOARDING + ", " + String.join(", ", INSIDE) + ".");
      }
    }
    if (seconds < 1 || seconds > MOST_SECONDS) {
      throw Failure.usage("--seconds is from 1 to " + MOST_SECONDS + ".");
    }
    Path scratch = Files.createTempDirectory("sallyport-bench-");
    List<Figure> figures = new ArrayList<>();
    try {
      List<String> fromOutside = wanted.stream().filter(ALL::contains).toList();
      if (!fromOutside.isEmpty()) {
        figures.addAll(outside(fromOutside, scratch));
      }
      if (wanted.contains(ONBOARDING)) {
        figures.addAll(onboarding(scratch));
      }
      Duration time = Duration.ofSeconds(seconds);
      if (wanted.contains(PKI)) {
        figures.addAll(new InnerBench(options, scratch, time).run(probesOr(PKI)));
      }
      if (wanted.contains(DECISIONS)) {
        figures.addAll(
            InnerBench.large(options, scratch.resolve(DECISIONS), time).run(probesOr(DECISIONS)));
      }
    } finally {
      Scratch.remove(scratch, options.output().writer());
    }
    tell(figures);
    return ExitCode.OK.number();
  }

  private List<String> probesOr(String group) {
    return probes.isEmpty() ? List.of(group) : probes;
  }

  private List<Figure> outside(List<String> wanted, Path scratch) {
    List<Figure> figures = new ArrayList<>();
    try (ChildServer server =
        ChildServer.start(options, scratch.resolve("server"), scratch.resolve("server.log"))) {
      options.data = scratch.resolve("server");
      try (Bench bench = new Bench(options, scratch, clock, Duration.ofSeconds(seconds))) {
        for (String name : wanted) {
          figures.add(
              switch (name) {
                case "est" -> bench.est();
                case "ocsp" -> bench.ocsp();
                default -> bench.revocation();
              });
        }
      } catch (Failure failure) {
        options.output().writer().println(server.tail());
        throw failure;
      }
    }
    return figures;
  }

  private List<Figure> onboarding(Path scratch) throws IOException {
    List<Figure> figures = new ArrayList<>();
    List<String> asked = OnboardingBench.ALL.stream()
        .filter(name -> probes.isEmpty() || probes.contains(name))
        .toList();
    if (asked.isEmpty()) {
      throw Failure.usage(
          "Probes of onboarding are " + String.join(", ", OnboardingBench.ALL) + ".");
    }
    Map<String, Double> bare =
        bareOnes(asked.stream().filter(OnboardingBench.BARE_INSIDE::contains).toList(), scratch);
    try (ChildServer server =
        ChildServer.start(options, scratch.resolve("line"), scratch.resolve("line.log"), LINE)) {
      options.data = scratch.resolve("line");
      try (OnboardingBench bench =
          new OnboardingBench(options, clock, Duration.ofSeconds(seconds))) {
        for (String name : asked) {
          figures.add(bench.measure(name, bare.getOrDefault(name, 0.0)));
        }
      } catch (Failure failure) {
        options.output().writer().println(server.tail());
        throw failure;
      }
    }
    return figures;
  }

  /** Bare loops that need what a server has inside. */
  private Map<String, Double> bareOnes(List<String> names, Path scratch) throws IOException {
    Map<String, Double> found = new HashMap<>();
    if (!names.isEmpty()) {
      InnerBench inner = new InnerBench(options, scratch, Duration.ofSeconds(seconds));
      for (Figure figure : inner.run(names.stream().map(BARE::concat).toList())) {
        found.put(figure.name().substring(BARE.length()), figure.value());
      }
    }
    return found;
  }

  private void tell(List<Figure> figures) {
    ArrayNode all = Json.array();
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("name", "value", "unit", "bare", "ratio", "bare is"));
    for (Figure figure : figures) {
      all.addObject()
          .put("name", figure.name())
          .put("value", figure.value())
          .put("unit", figure.unit())
          .put("bare", figure.bare())
          .put("ratio", figure.ratio());
      rows.add(List.of(
          figure.name(),
          number(figure.value()),
          figure.unit(),
          number(figure.bare()),
          String.format(Locale.ROOT, "%.3f", figure.ratio()),
          figure.barely()));
    }
    if (file != null) {
      WholeFile.open(file, Json.pretty(all) + "\n");
    }
    options.output().table(rows);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%.0f", value);
  }
}

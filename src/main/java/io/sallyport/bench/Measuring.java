package io.sallyport.bench;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jboss.logging.Logger;

/** Runs the probes that were asked for once the server stands, writes their figures and ends the process. */
@Singleton
final class Measuring {
  /** Behind every other observer of the start. */
  private static final int LAST = 9500;

  private static final String ALL = "all";
  private static final String PKI = "pki";
  private static final Logger LOG = Logger.getLogger(Measuring.class);

  private final BenchSettings settings;
  private final Instance<Probe> probes;

  Measuring(BenchSettings settings, Instance<Probe> probes) {
    this.settings = settings;
    this.probes = probes;
  }

  void begin(@Observes @Priority(LAST) StartupEvent event) {
    settings
        .bench()
        .ifPresent(names -> Thread.ofPlatform().name("bench").start(() -> run(Set.copyOf(names))));
  }

  private void run(Set<String> names) {
    int exit = 1;
    try {
      write(measured(names));
      exit = 0;
    } catch (Exception | Error failure) {
      LOG.error("The measurement ended early", failure);
    }
    Quarkus.asyncExit(exit);
  }

  private JsonArray measured(Set<String> names) throws Exception {
    JsonArray figures = new JsonArray();
    for (Probe probe : asked(names)) {
      LOG.infof("Measuring %s", probe.name());
      Figure figure = probe.measure();
      LOG.infof("%s", figure);
      figures.add(new JsonObject()
          .put("name", figure.name())
          .put("value", figure.value())
          .put("unit", figure.unit())
          .put("bare", figure.bare())
          .put("ratio", figure.ratio())
          .put("bare_is", figure.barely()));
    }
    return figures;
  }

  private List<Probe> asked(Set<String> names) {
    List<Probe> all = probes.stream().sorted(Comparator.comparing(Probe::name)).toList();
    Set<String> unknown = new TreeSet<>(names);
    unknown.remove(ALL);
    all.forEach(probe -> {
      unknown.remove(probe.name());
      unknown.remove(probe.group());
    });
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException("there is no probe " + unknown + "; there are "
          + all.stream().map(Probe::name).toList());
    }
    return all.stream()
        .filter(probe -> names.contains(probe.name())
            || !probe.isBare()
                && (names.contains(probe.group())
                    || names.contains(ALL) && probe.group().equals(PKI)))
        .toList();
  }

  private void write(JsonArray figures) throws IOException {
    Path out = Path.of(settings
        .benchOut()
        .orElseThrow(() -> new IllegalArgumentException("SALLYPORT_BENCH_OUT names no file")));
    Path draft = out.resolveSibling(out.getFileName() + ".draft");
    Files.writeString(draft, figures.encodePrettily());
    Files.move(draft, out);
  }
}

package io.sallyport.decision;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.kernel.Ids;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The files that the decision log spills to, when there are any, and what operators see of them. One thread at a time. */
final class SpilledDecisions {
  private static final Logger LOG = Logger.getLogger(SpilledDecisions.class);
  private static final long MOST_IN_FILE = 16 << 20;
  private static final int MEGABYTE = 1 << 20;

  private final DecisionSettings settings;
  private final Ids ids;
  private final Counter dropped;
  private final Counter spilled;
  private @Nullable Spill files;
  private volatile long octets;
  private volatile int unread;
  private boolean isFailing;

  /** @param dropped counts what there is no room for */
  SpilledDecisions(DecisionSettings settings, Ids ids, Counter dropped, MeterRegistry metrics) {
    this.settings = settings;
    this.ids = ids;
    this.dropped = dropped;
    this.spilled = Counter.builder("sallyport.decisions.spilled")
        .description("Decisions that went to a file before they went into the database")
        .register(metrics);
    FunctionCounter.builder("sallyport.decisions.unread", this, decisions -> decisions.unread)
        .description("Files of spilled decisions that could not be read and were set aside")
        .register(metrics);
    Gauge.builder("sallyport.decisions.spill", this, decisions -> decisions.octets)
        .description("Size of the files of decisions that wait for the database")
        .baseUnit("bytes")
        .register(metrics);
  }

  /** To spill to, or because an earlier run left some. */
  void open(boolean spills) {
    try {
      Path folder = Path.of(settings.spillFolder());
      if (spills || Files.isDirectory(folder)) {
        files = Spill.open(folder, (long) settings.spillMegabytes() * MEGABYTE, MOST_IN_FILE);
        look();
      }
    } catch (IOException e) {
      LOG.errorf(
          e,
          "Decisions cannot be spilled to %s: what the database does not take in time is dropped and counted",
          settings.spillFolder());
    }
  }

  private void look() {
    if (files != null) {
      octets = files.octets();
      unread = files.unread();
    }
  }

  boolean hasRoom() {
    return files != null && files.hasRoom();
  }

  /** The oldest batch, or null when nothing is left. */
  @Nullable
  SpilledBatch first() throws IOException {
    try {
      return files == null ? null : files.first();
    } finally {
      look();
    }
  }

  /** Takes out what {@link #first} answered. */
  void removeFirst() throws IOException {
    if (files != null) {
      files.removeFirst();
      look();
    }
  }

  /** Puts a batch into the files as it is; false when it has to stay where it is. */
  boolean keep(SpilledBatch batch) {
    try {
      if (files != null && files.append(batch)) {
        files.force();
        spilled.increment(batch.rows().size());
        look();
        return true;
      }
    } catch (IOException e) {
      failed(e);
    }
    return false;
  }

  /** Puts a new batch into the files, in parts when it is too large; what there is no room for is dropped and counted. */
  void add(SpilledBatch batch) throws IOException {
    Deque<SpilledBatch> parts = new ArrayDeque<>(List.of(batch));
    try {
      while (!parts.isEmpty()) {
        SpilledBatch part = parts.getFirst();
        int rows = part.rows().size();
        if (files != null && files.append(part)) {
          spilled.increment(rows);
          parts.removeFirst();
        } else if (rows > 1 && hasRoom()) {
          parts.removeFirst();
          parts.addFirst(new SpilledBatch(ids.next(), part.rows().subList(rows / 2, rows)));
          parts.addFirst(new SpilledBatch(ids.next(), part.rows().subList(0, rows / 2)));
        } else {
          dropped.increment(rows);
          parts.removeFirst();
        }
      }
    } finally {
      parts.forEach(part -> dropped.increment(part.rows().size()));
      look();
    }
  }

  /** Until this returns, a loss of power may take what was put in last. */
  void force() throws IOException {
    if (files != null) {
      files.force();
    }
    isFailing = false;
  }

  /** Told once, until it goes again. */
  void failed(IOException cause) {
    if (!isFailing) {
      LOG.errorf(
          cause,
          "The files in %s cannot be used; decisions that do not fit into memory are dropped and counted",
          settings.spillFolder());
    }
    isFailing = true;
  }

  /** Leaves the files as they are. */
  void close() {
    try {
      if (files != null) {
        files.close();
      }
    } catch (IOException e) {
      LOG.warn("The spilled decisions could not be closed", e);
    }
    files = null;
  }
}

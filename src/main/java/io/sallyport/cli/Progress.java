package io.sallyport.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** How far something is, on standard error: one line that is drawn again on a terminal, a plain line now and then elsewhere. */
final class Progress implements AutoCloseable {
  private static final int WIDTH = 40;
  private static final long REDRAWN_NANOS = 200_000_000;
  private static final long LINES_NANOS = 5_000_000_000L;

  private final @Nullable PrintWriter to;
  private final boolean terminal;
  private final LongSupplier nanos;
  private final long start;
  private long all;
  private long done;
  private long drawn;
  private boolean open;

  /** @param to null to say nothing */
  Progress(@Nullable PrintWriter to, boolean terminal, long all, LongSupplier nanos) {
    this.to = to;
    this.terminal = terminal;
    this.all = Math.max(1, all);
    this.nanos = nanos;
    this.start = nanos.getAsLong();
    this.drawn = start;
  }

  /** For people alone; programs that asked for JSON are not spoken to. */
  static Progress of(Options options, long all) {
    return new Progress(
        options.output().json() ? null : new PrintWriter(System.err, true, StandardCharsets.UTF_8),
        System.console() != null && System.console().isTerminal(),
        all,
        System::nanoTime);
  }

  void more(long rows) {
    at(done + rows, all, "");
  }

  /** @param further what else there is to say */
  void at(long rows, long of, String further) {
    done = rows;
    all = Math.max(1, of);
    long now = nanos.getAsLong();
    if (now - drawn >= (terminal ? REDRAWN_NANOS : LINES_NANOS)) {
      draw(now, further);
    }
  }

  private void draw(long now, String further) {
    if (to == null) {
      return;
    }
    drawn = now;
    if (!terminal) {
      to.println(done + " of " + all + further);
      return;
    }
    int full = (int) Math.min(WIDTH, done * WIDTH / all);
    // To the end of the line nothing of the last one stays (ECMA-48, EL).
    to.print("\r[" + "#".repeat(full) + " ".repeat(WIDTH - full) + "] " + done + "/" + all + further
        + "\u001b[K");
    to.flush();
    open = true;
  }

  /** Draws what was last; on a terminal whoever writes next begins a line. */
  @Override
  public void close() {
    long now = nanos.getAsLong();
    if (terminal || now - start >= LINES_NANOS) {
      draw(now, "");
    }
    if (to != null && open) {
      to.println();
      open = false;
    }
  }
}

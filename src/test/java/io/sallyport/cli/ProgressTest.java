package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** One line drawn again for whoever watches, a plain line now and then for a log. */
class ProgressTest {
  private static final long SECOND = 1_000_000_000L;

  private final StringWriter told = new StringWriter();
  private final AtomicLong now = new AtomicLong(17);

  private Progress progress(boolean terminal) {
    return new Progress(new PrintWriter(told), terminal, 10, now::get);
  }

  private void pass(long nanos) {
    now.addAndGet(nanos);
  }

  @Test
  void aTerminalHasOneLineThatIsDrawnAgain() {
    try (Progress progress = progress(true)) {
      progress.more(1);
      pass(SECOND);
      progress.more(4);
      progress.more(1);
    }
    assertEquals(
        "\r[" + "#".repeat(20) + " ".repeat(20) + "] 5/10\u001b[K\r[" + "#".repeat(24)
            + " ".repeat(16) + "] 6/10\u001b[K\n",
        told.toString());
  }

  @Test
  void whatIsNoTerminalHasALineEveryFewSeconds() {
    try (Progress progress = progress(false)) {
      for (int i = 0; i < 10; i++) {
        pass(SECOND);
        progress.more(1);
      }
    }
    assertEquals("5 of 10\n10 of 10\n10 of 10\n", told.toString());
  }

  @Test
  void whatIsDoneAtOnceIsNotSpokenOf() {
    try (Progress progress = progress(false)) {
      progress.more(10);
    }
    assertEquals("", told.toString());
  }

  @Test
  void moreThanWasThoughtOverflowsNothing() {
    try (Progress progress = progress(true)) {
      pass(SECOND);
      progress.at(30, 10, ", 3 a second");
    }
    assertEquals(
        "\r[" + "#".repeat(40) + "] 30/10, 3 a second\u001b[K\r[" + "#".repeat(40)
            + "] 30/10\u001b[K\n",
        told.toString());
  }
}

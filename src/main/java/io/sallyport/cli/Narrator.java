package io.sallyport.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;

/**
 * Tells the demo line by line: number, what is done, over which interface, what came back, how long it took. A step that
 * comes out otherwise ends the story by a {@link Failure} that says what was expected and what came.
 */
final class Narrator {
  /** A step; returns what came back, in a few words. */
  @FunctionalInterface
  interface Act {
    String run() throws Exception;
  }

  private static final String GREEN = "\u001b[32m";
  private static final String RED = "\u001b[31m";
  private static final String FAINT = "\u001b[2m";
  private static final String PLAIN = "\u001b[0m";

  private final PrintWriter out;
  private final boolean colours;
  private int steps;

  Narrator(PrintWriter out, boolean colours) {
    this.out = out;
    this.colours = colours;
  }

  int steps() {
    return steps;
  }

  void chapter(String title) {
    out.println();
    out.println(title);
    out.flush();
  }

  /** A line beside the story, for instance why a part of it is left out. */
  void remark(String sentence) {
    out.println("     " + Output.printable(sentence));
    out.flush();
  }

  void step(String what, String over, Act act) {
    steps++;
    String head = String.format(Locale.ROOT, "%3d  %-58s %-40s ", steps, what, over);
    long start = System.nanoTime();
    try {
      String came = act.run();
      String took = String.format(
          Locale.ROOT, "%5d ms", Duration.ofNanos(System.nanoTime() - start).toMillis());
      out.println(head + paint(GREEN, "→ ") + Output.printable(came) + " " + paint(FAINT, took));
      out.flush();
    } catch (Exception e) {
      out.println(head + paint(RED, "→ not as expected"));
      out.flush();
      String why = e instanceof Failure failure ? failure.sentence() : e.toString();
      throw new Failure(
          ExitCode.REFUSED, "Step " + steps + " (" + what + ", " + over + "): " + why);
    }
  }

  /** Stops the step unless {@code came} is {@code expected}. */
  static void expect(String of, Object expected, Object came) {
    if (!Objects.equals(expected, came)) {
      throw new Failure(ExitCode.REFUSED, "expected " + of + " " + expected + ", came " + came);
    }
  }

  static void expect(boolean holds, String expected, Object came) {
    if (!holds) {
      throw new Failure(ExitCode.REFUSED, "expected " + expected + ", came " + came);
    }
  }

  /** A refusal with one of {@code statuses}, as its status and the server's own words. */
  static String refused(Answer answer, Integer... statuses) {
    boolean fits = java.util.Arrays.asList(statuses).contains(answer.status());
    expect(
        fits,
        "a refusal with status " + java.util.Arrays.toString(statuses),
        answer.status() + " " + answer.reason());
    return answer.status() + " " + answer.reason();
  }

  private String paint(String colour, String text) {
    return colours ? colour + text + PLAIN : text;
  }
}

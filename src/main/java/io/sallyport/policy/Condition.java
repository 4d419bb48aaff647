package io.sallyport.policy;

import dev.cel.common.CelErrorCode;
import dev.cel.common.ast.CelExpr;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.Program;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A compiled condition. Immutable; made by {@link Conditions}. */
final class Condition {
  private static final int SHOWN = 160;

  private final String text;
  private final String shown;
  private final Program program;
  private final boolean looksAtPosture;
  private final boolean looksAtSignals;
  private final @Nullable TimeUse time;
  private final CelExpr expression;
  private final Shortfall whenFalse;

  Condition(
      String text,
      Program program,
      boolean looksAtPosture,
      boolean looksAtSignals,
      @Nullable TimeUse time,
      CelExpr expression) {
    this.text = text;
    String oneLine = text.strip().replaceAll("\\s+", " ");
    this.shown = oneLine.length() > SHOWN ? oneLine.substring(0, SHOWN) + "…" : oneLine;
    this.program = program;
    this.looksAtPosture = looksAtPosture;
    this.looksAtSignals = looksAtSignals;
    this.time = time;
    this.expression = expression;
    this.whenFalse = new Shortfall(false, shown + " is false");
  }

  /** Whether this says the same: the text alone decides. */
  boolean says(Condition other) {
    return text.equals(other.text);
  }

  /** What is written, bounded and on one line. */
  String words() {
    return shown;
  }

  CelExpr expression() {
    return expression;
  }

  boolean looksAtPosture() {
    return looksAtPosture;
  }

  boolean looksAtSignals() {
    return looksAtSignals;
  }

  boolean looksAtTime() {
    return time != null;
  }

  /** Until when this says the same as {@code now}, as far as the time of day goes; null when for ever. */
  @Nullable
  Instant end(Instant now) {
    return time == null ? null : time.end(now);
  }

  /** Why this is not true, or null when it is. Never throws. */
  @Nullable
  Shortfall shortfall(Attributes attributes) {
    Object result;
    try {
      result = program.eval(attributes);
    } catch (CelEvaluationException | RuntimeException e) {
      return new Shortfall(true, shown + " cannot be evaluated: " + reason(e));
    }
    if (Boolean.TRUE.equals(result)) {
      return null;
    }
    if (Boolean.FALSE.equals(result)) {
      return whenFalse;
    }
    return new Shortfall(
        true,
        looksAtPosture && attributes.posture() == null
            ? shown + " needs posture, but " + attributes.postureMissing()
            : shown + " is neither true nor false");
  }

  /** CEL's words without its place; the version's own words when that was at fault. */
  private static String reason(Throwable thrown) {
    Throwable innermost = thrown;
    while (innermost.getCause() != null) {
      innermost = innermost.getCause();
    }
    String message =
        innermost instanceof Version.Malformed || innermost instanceof Prefixes.Malformed
            ? innermost.getMessage()
            : thrown.getMessage();
    if (message == null) {
      return "it failed";
    }
    String words = message
        .replaceFirst("^evaluation error(?: at <input>:\\d+)?: ", "")
        .replaceAll("\\p{Cntrl}", "\uFFFD");
    if (isBareKey(thrown, words)) {
      words = "key '" + words + "' is not present in map.";
    }
    return words.length() > SHOWN ? words.substring(0, SHOWN) + "…" : words;
  }

  /** CEL tells of a missing field in a sentence, but of a missing index by the index alone. */
  private static boolean isBareKey(Throwable thrown, String words) {
    return thrown instanceof CelEvaluationException evaluation
        && evaluation.getErrorCode() == CelErrorCode.ATTRIBUTE_NOT_FOUND
        && !words.startsWith("key '")
        && !words.startsWith("Error ");
  }
}

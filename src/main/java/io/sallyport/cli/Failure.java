package io.sallyport.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Ends a command with an exit code and one sentence or problem. Carries no stack trace of its own. */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ExitCode code;
  private final transient @Nullable ObjectNode problem;

  Failure(ExitCode code, String sentence) {
    this(code, sentence, null);
  }

  /** @param problem what the server said, as a problem of RFC 9457 */
  Failure(ExitCode code, String sentence, @Nullable ObjectNode problem) {
    super(sentence, null, false, false);
    this.code = code;
    this.problem = problem;
  }

  ExitCode code() {
    return code;
  }

  /** What {@link #getMessage()} holds, never null. */
  String sentence() {
    String message = getMessage();
    return message == null ? code.name() : message;
  }

  /** The server's problem where it sent one; otherwise one made of the sentence. */
  ObjectNode problem() {
    return problem == null ? problem(code, sentence()) : problem;
  }

  /** A problem that this program found itself. */
  static ObjectNode problem(ExitCode code, String sentence) {
    return Json.object()
        .put("type", "urn:sallyport:client:" + code.name().toLowerCase(Locale.ROOT))
        .put("title", code.title())
        .put("detail", sentence);
  }

  static Failure usage(String sentence) {
    return new Failure(ExitCode.USAGE, sentence);
  }
}

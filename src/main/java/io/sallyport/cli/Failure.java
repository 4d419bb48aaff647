package io.sallyport.cli;

/** Ends a command with an exit code and one sentence on standard error. Carries no stack trace of its own. */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ExitCode code;

  Failure(ExitCode code, String sentence) {
    super(sentence, null, false, false);
    this.code = code;
  }

  ExitCode code() {
    return code;
  }

  /** What {@link #getMessage()} holds, never null. */
  String sentence() {
    String message = getMessage();
    return message == null ? code.name() : message;
  }

  static Failure usage(String sentence) {
    return new Failure(ExitCode.USAGE, sentence);
  }
}

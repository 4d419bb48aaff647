package io.sallyport.boot;

/** Finds the sentence in a failed start. */
final class Causes {
  private Causes() {}

  static String sentence(Throwable failure) {
    Throwable cause = deepest(failure);
    return cause instanceof StartRefused
        ? String.valueOf(cause.getMessage())
        : "The server did not start: " + cause + " (the log above tells more).";
  }

  /** Whether the start was refused for what was asked, rather than failed. */
  static boolean refused(Throwable failure) {
    return deepest(failure) instanceof StartRefused;
  }

  private static Throwable deepest(Throwable failure) {
    Throwable cause = failure;
    while (!(cause instanceof StartRefused)
        && cause.getCause() != null
        && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    return cause;
  }
}

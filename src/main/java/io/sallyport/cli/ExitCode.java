package io.sallyport.cli;

/** The exit codes of every command. */
enum ExitCode {
  OK(0, "Done"),
  /** The server said no, or what was to be checked does not fit. */
  REFUSED(1, "Refused, or does not fit"),
  /** The command line or a file that it names is wrong. */
  USAGE(2, "Wrong command line or file"),
  /** No server answers, or what answers cannot be trusted. */
  UNREACHABLE(3, "Server not reachable or not trusted"),
  /** The server answers 503. */
  UNAVAILABLE(4, "Server unavailable for now"),
  /** The request is kept until somebody approves it (EST 202). */
  PENDING(5, "Approval pending"),
  /** A fault of this program. */
  INTERNAL(70, "Fault of this program");

  private final int number;
  private final String title;

  ExitCode(int number, String title) {
    this.number = number;
    this.title = title;
  }

  int number() {
    return number;
  }

  /** What it means, in a few words that are the same every time. */
  String title() {
    return title;
  }
}

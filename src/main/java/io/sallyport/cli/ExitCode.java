package io.sallyport.cli;

/** The exit codes of every command. */
enum ExitCode {
  OK(0),
  /** The server said no, or what was to be checked does not fit. */
  REFUSED(1),
  /** The command line or a file that it names is wrong. */
  USAGE(2),
  /** No server answers, or what answers cannot be trusted. */
  UNREACHABLE(3),
  /** The server answers 503. */
  UNAVAILABLE(4),
  /** A fault of this program. */
  INTERNAL(70);

  private final int number;

  ExitCode(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }
}

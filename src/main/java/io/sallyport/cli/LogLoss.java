package io.sallyport.cli;

import java.time.Instant;

/** An accepted loss, as the fact at {@code position} tells it. */
record LogLoss(
    long position, Instant at, String actor, long from, long to, String root, String reason) {
  static final String KIND = "log.lost";

  static LogLoss of(ShownFact entry) {
    return new LogLoss(
        entry.position(),
        entry.at(),
        entry.actor(),
        number(entry, "from"),
        number(entry, "to"),
        entry.detail().getOrDefault("root", ""),
        entry.detail().getOrDefault("reason", ""));
  }

  private static long number(ShownFact entry, String name) {
    String text = entry.detail().getOrDefault(name, "");
    return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
  }
}

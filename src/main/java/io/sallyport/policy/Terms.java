package io.sallyport.policy;

import io.sallyport.policy.AccessPolicy.Selector;
import io.sallyport.policy.Question.Subject;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * When a policy applies, and for whom not as it is written.
 *
 * @param windows in one of which it must be; empty for always
 * @param exceptions the first that is about a device counts
 * @param breakGlass set when this is access that somebody answers for, for a day at most
 */
record Terms(
    List<Window> windows, List<Waiver> exceptions, @Nullable BreakGlass breakGlass) {
  static final Terms NONE = new Terms(List.of(), List.of(), null);

  Terms {
    windows = List.copyOf(windows);
    exceptions = List.copyOf(exceptions);
  }

  /**
   * An exception: what a policy wants is waived for some devices until then; a forbid is not for them until then.
   *
   * @param devices by id; empty for all that {@code selector} fits
   */
  record Waiver(
      String owner,
      String reason,
      Instant until,
      Selector selector,
      Set<String> devices,
      boolean posture,
      boolean conditions) {
    Waiver {
      devices = Set.copyOf(devices);
    }

    Waiver with(Selector other) {
      return new Waiver(owner, reason, until, other, devices, posture, conditions);
    }

    boolean isFor(Subject subject, Instant now) {
      return now.isBefore(until)
          && selector.fits(subject)
          && (devices.isEmpty() || devices.contains(subject.id()));
    }

    String words() {
      return "exception of " + owner + " until " + until + ": " + reason;
    }
  }

  /** Access in need: from {@link #LONGEST} before {@code until} on, so that nobody can write one for longer. */
  record BreakGlass(String owner, String reason, Instant until) {
    static final Duration LONGEST = Duration.ofHours(24);

    Window.Span span() {
      return new Window.Span(until.minus(LONGEST), until);
    }

    String words() {
      return "break-glass of " + owner + " until " + until + ": " + reason;
    }
  }

  boolean isTimed() {
    return !windows.isEmpty() || !exceptions.isEmpty() || breakGlass != null;
  }

  /** The exception that is for the asked device now, or null. */
  @Nullable
  Waiver waiver(Attributes attributes) {
    for (Waiver waiver : exceptions) {
      if (waiver.isFor(attributes.subject(), attributes.time())) {
        return waiver;
      }
    }
    return null;
  }

  /** Why it is not the time, or null when it is. */
  @Nullable
  Shortfall shortfall(Instant now) {
    try {
      if (breakGlass != null && !breakGlass.span().holds(now)) {
        Window.Span span = breakGlass.span();
        return new Shortfall(
            false,
            now.isBefore(span.from())
                ? "break-glass access is for " + BreakGlass.LONGEST.toHours()
                    + " hours at most, so it begins at " + span.from()
                : "break-glass access ended at " + span.until());
      }
      if (windows.isEmpty() || windows.stream().anyMatch(window -> window.holds(now))) {
        return null;
      }
      return new Shortfall(
          false,
          "it applies " + windows.stream().map(Window::words).collect(Collectors.joining(" or ")));
    } catch (DateTimeException e) {
      return new Shortfall(true, "the time " + now + " has no hour of the day");
    }
  }

  /** The first moment from which on this may say something else, or {@code end}. */
  @Nullable
  Instant earlier(@Nullable Instant end, Attributes attributes) {
    Instant now = attributes.time();
    Instant earliest = end;
    try {
      for (Window window : windows) {
        earliest = AccessPolicy.earlier(earliest, window.change(now));
      }
    } catch (DateTimeException e) {
      earliest = now;
    }
    if (breakGlass != null) {
      earliest = AccessPolicy.earlier(earliest, breakGlass.span().change(now));
    }
    for (Waiver waiver : exceptions) {
      if (waiver.isFor(attributes.subject(), now)) {
        earliest = AccessPolicy.earlier(earliest, waiver.until());
      }
    }
    return earliest;
  }
}

package io.sallyport.pki;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** When a certificate may be followed by its successor: from a time before its end until its end. */
public final class RenewalWindow {
  /** A window is at most so much of a certificate's life: a retry right after the first answer must not be a renewal. */
  private static final int LARGEST_IN_TENTHS = 9;

  private RenewalWindow() {}

  /**
   * When it opens.
   *
   * @param window how long before its end, at most nine tenths of its life; null for its last third
   */
  public static Instant opensAt(Instant notBefore, Instant notAfter, @Nullable Duration window) {
    Duration validity = Duration.between(notBefore, notAfter);
    if (window == null) {
      return notAfter.minus(validity.dividedBy(3));
    }
    Duration most = validity.multipliedBy(LARGEST_IN_TENTHS).dividedBy(10);
    return notAfter.minus(window.compareTo(most) < 0 ? window : most);
  }
}

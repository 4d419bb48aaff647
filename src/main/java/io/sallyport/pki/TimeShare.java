package io.sallyport.pki;

/**
 * A share of the time that passes, to be spent on work that may wait. What is not spent is kept, a second at most. Used by
 * one thread.
 */
final class TimeShare {
  private static final double MOST_NANOS = 1e9;

  private final double share;
  private double left = MOST_NANOS;
  private long accrued = System.nanoTime();

  TimeShare(double share) {
    this.share = share;
  }

  boolean isLeft() {
    long now = System.nanoTime();
    left = Math.min(MOST_NANOS, left + (now - accrued) * share);
    accrued = now;
    return left > 0;
  }

  /** Nanoseconds that the work took; may be more than was left. */
  void spend(long nanos) {
    left -= nanos;
  }
}

package io.sallyport.kernel;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts failed authentications by address and minute, for a bounded number of addresses. */
public final class Throttle {
  /** Enough for a plant behind single addresses; past it the longest unseen address is forgotten. */
  private static final int MOST_ADDRESSES = 10_000;

  private final Clock clock;
  private final int mostPerMinute;
  private final Map<String, Window> windows = new LinkedHashMap<>(64, 0.75f, true) {
    private static final long serialVersionUID = 1L;

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Window> eldest) {
      return size() > MOST_ADDRESSES;
    }
  };

  public Throttle(Clock clock, int mostPerMinute) {
    this.clock = clock;
    this.mostPerMinute = mostPerMinute;
  }

  /** Whether the address failed as often as it may in this minute. */
  public synchronized boolean exceeded(String address) {
    Window window = windows.get(address);
    return window != null && window.minute == minute() && window.failures >= mostPerMinute;
  }

  /** Counts a failure of the address. */
  public synchronized void failed(String address) {
    long minute = minute();
    windows.merge(
        address,
        new Window(minute, 1),
        (old, one) -> old.minute == minute ? new Window(minute, old.failures + 1) : one);
  }

  private long minute() {
    return clock.millis() / 60_000;
  }

  private record Window(long minute, int failures) {}
}

package io.sallyport.door;

import io.sallyport.kernel.Ids;
import org.jspecify.annotations.Nullable;

/** The id that a request has in every line of the log and in its answer. */
public final class RequestId {
  public static final String HEADER = "X-Request-ID";
  /** Its name in the log. */
  public static final String KEY = "request_id";

  /** Long enough for whatever proxies make, short enough for a line. */
  private static final int LONGEST = 128;

  private RequestId() {}

  /** The client's own id when it is 1 to 128 visible ASCII characters, so that it cannot forge a line; else a new one. */
  static String of(@Nullable String given, Ids ids) {
    return given != null && isSane(given) ? given : ids.next().toString();
  }

  private static boolean isSane(String given) {
    if (given.isEmpty() || given.length() > LONGEST) {
      return false;
    }
    for (int i = 0; i < given.length(); i++) {
      if (given.charAt(i) <= ' ' || given.charAt(i) > '~') {
        return false;
      }
    }
    return true;
  }
}

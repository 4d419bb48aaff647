package io.sallyport.kernel;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name that a log signs under: the one that it began with, and after an accepted loss another one, so that no two
 * trees of one size are ever signed under one name. The key stays the same.
 */
public final class LogName {
  private static final Pattern AFTER = Pattern.compile("(.+)/after-loss-([1-9][0-9]{0,2})");

  private LogName() {}

  /** The name after so many accepted losses. */
  public static String of(String origin, int losses) {
    return losses == 0 ? origin : origin + "/after-loss-" + losses;
  }

  /** The name that the log began with. */
  public static String origin(String name) {
    Matcher after = AFTER.matcher(name);
    return after.matches() ? after.group(1) : name;
  }

  /** How many losses had been accepted when the log signed under this name. */
  public static int losses(String name) {
    Matcher after = AFTER.matcher(name);
    return after.matches() ? Integer.parseInt(after.group(2)) : 0;
  }
}

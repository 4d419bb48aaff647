package io.sallyport.kernel;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;

/** Tells a database that is away, which is answered with 503 and a retry, from a defect. */
public final class Outage {
  private static final int DEEPEST = 20;
  private static final String READ_ONLY = "25006";

  private Outage() {}

  /** Whether {@code failure} or one of its causes says that the database cannot be reached or is shutting down. */
  public static boolean caused(Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < DEEPEST; depth++, cause = cause.getCause()) {
      if (cause instanceof SQLTransientConnectionException) {
        return true;
      }
      if (cause instanceof SQLException sql && away(sql)) {
        return true;
      }
    }
    return false;
  }

  /**
   * SQLSTATE classes 08 (connection), 40 (rolled back, may be repeated), 53 (resources) and 57 (operator intervention, a
   * statement that was cancelled for its time among them), 25006 (read only, as the server is that another took over from),
   * and a pool that ran dry.
   */
  private static boolean away(SQLException sql) {
    String state = sql.getSQLState();
    if (state != null) {
      return state.startsWith("08")
          || state.startsWith("40")
          || state.startsWith("53")
          || state.startsWith("57")
          || state.equals(READ_ONLY);
    }
    String message = sql.getMessage();
    return message != null
        && (message.contains("cquisition timeout") || message.contains("closed"));
  }
}

package io.sallyport.enrollment;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Where a list goes on that is in the order of its ids. */
final class IdCursor {
  private static final UUID NO_ID = new UUID(0, 0);

  private IdCursor() {}

  /** The id that the next page begins after. */
  static UUID after(@Nullable String cursor) {
    try {
      return cursor == null ? NO_ID : UUID.fromString(cursor);
    } catch (IllegalArgumentException e) {
      throw new Refusal(CommonProblem.MALFORMED, "The cursor is not one that this server gave.");
    }
  }
}

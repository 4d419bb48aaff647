package io.sallyport.kernel;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A part of a list.
 *
 * @param items in a stable order
 * @param next the cursor of the next page, or null when this is the last
 */
public record Page<T>(List<T> items, @Nullable String next) {
  /** The most that one page may hold. */
  public static final int MOST = 1000;

  public Page {
    items = List.copyOf(items);
  }

  /** Cuts {@code rows}, of which one more than {@code limit} was asked for, into a page. */
  public static <T> Page<T> cut(List<T> rows, int limit, Function<T, String> cursor) {
    if (rows.size() <= limit) {
      return new Page<>(rows, null);
    }
    List<T> items = rows.subList(0, limit);
    return new Page<>(items, cursor.apply(items.getLast()));
  }

  public <R> Page<R> map(Function<? super T, ? extends R> change) {
    return new Page<>(items.stream().<R>map(change).toList(), next);
  }
}

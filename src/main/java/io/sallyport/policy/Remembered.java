package io.sallyport.policy;

import java.lang.ref.WeakReference;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Beside what devices have in common, what the policies found last about them: which select them. All are equal, since what
 * is remembered makes no difference. Safe for any thread.
 */
public final class Remembered {
  private volatile @Nullable Found found;

  /** A set that is in force no more is not kept for the sake of this. */
  private record Found(
      Object of, @Nullable Set<String> policies, WeakReference<Selection> selection) {}

  /**
   * Null when there is none of this set.
   *
   * @param policies as they were given; not looked into
   */
  @Nullable
  Selection selection(Object of, @Nullable Set<String> policies) {
    Found last = found;
    return last == null || last.of != of || last.policies != policies ? null : last.selection.get();
  }

  void keep(Object of, @Nullable Set<String> policies, Selection selection) {
    found = new Found(of, policies, new WeakReference<>(selection));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Remembered;
  }

  @Override
  public int hashCode() {
    return 0;
  }
}

package io.sallyport.decision;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** One for all that are equal, kept only while somebody has it. Safe for any thread. */
final class Interned<T> {
  private final Map<Weak<T>, Weak<T>> known = new ConcurrentHashMap<>();
  private final ReferenceQueue<T> gone = new ReferenceQueue<>();

  T of(T value) {
    for (Reference<?> old = gone.poll(); old != null; old = gone.poll()) {
      known.remove(old);
    }
    Weak<T> own = new Weak<>(value, gone);
    for (; ; ) {
      Weak<T> first = known.putIfAbsent(own, own);
      if (first == null) {
        return value;
      }
      T shared = first.get();
      if (shared != null) {
        return shared;
      }
      known.remove(first, first);
    }
  }

  int size() {
    return known.size();
  }

  /** Equal to one of an equal value, and to itself when its value is gone. */
  private static final class Weak<T> extends WeakReference<T> {
    private final int hash;

    Weak(T value, ReferenceQueue<T> gone) {
      super(value, gone);
      this.hash = value.hashCode();
    }

    @Override
    public boolean equals(@Nullable Object other) {
      if (this == other) {
        return true;
      }
      T value = get();
      return other instanceof Weak<?> that && value != null && value.equals(that.get());
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }
}

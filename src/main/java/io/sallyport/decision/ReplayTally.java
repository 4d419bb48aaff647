package io.sallyport.decision;

import io.sallyport.decision.Replays.Example;
import io.sallyport.decision.Replays.Group;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Decisions that would turn, counted by what they have in common. Beyond {@link #MOST} of those the rare ones of which few
 * were seen are not told apart; the totals know them.
 */
final class ReplayTally<S, K> {
  private static final int MOST = 50_000;
  private static final int EXAMPLES = 3;

  private final Map<S, Entry<K>> entries = new HashMap<>();

  private static final class Entry<K> {
    final K key;
    final List<Example> examples = new ArrayList<>(1);
    long denied;
    long permitted;

    Entry(K key) {
      this.key = key;
    }

    long all() {
      return denied + permitted;
    }
  }

  /**
   * @param same what the same ones have in common
   * @param named how the first of them is told
   */
  void add(S same, Function<S, K> named, boolean denied, Example example) {
    Entry<K> entry = entries.get(same);
    if (entry == null) {
      if (entries.size() >= MOST) {
        return;
      }
      entry = new Entry<>(named.apply(same));
      entries.put(same, entry);
    }
    entry.denied += denied ? 1 : 0;
    entry.permitted += denied ? 0 : 1;
    if (entry.examples.size() < EXAMPLES) {
      entry.examples.add(example);
    }
  }

  List<Group<K>> most() {
    return entries.values().stream()
        .sorted(Comparator.comparingLong((Entry<K> entry) -> entry.all())
            .reversed()
            .thenComparing(entry -> entry.key.toString()))
        .limit(Replays.MOST_TOLD)
        .map(entry -> new Group<>(entry.key, entry.denied, entry.permitted, entry.examples))
        .toList();
  }
}

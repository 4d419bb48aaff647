package io.sallyport.grants;

import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Hands out places on status lists, each once; takes them from the store in blocks. Any thread. */
@Singleton
final class StatusPlaces {
  /** A block is given up after this, so that a list is known to be over some time after its last block was taken. */
  static final Duration LONGEST_USE = Duration.ofHours(1);

  private final GrantStore store;
  private final Clock clock;
  private final SecureRandom random;
  private @Nullable Block block;

  StatusPlaces(GrantStore store, Clock clock, SecureRandom random) {
    this.store = store;
    this.clock = clock;
    this.random = random;
  }

  /** A place that no other token has. Reads the database once in a block; must be called outside a transaction. */
  synchronized StatusPlace next() {
    Block current = block;
    if (current == null || current.left == 0 || !clock.instant().isBefore(current.end)) {
      Instant end = clock.instant().plus(LONGEST_USE);
      current = new Block(store.takeStatusBlock(), end);
      block = current;
    }
    return current.next(random);
  }

  /** Every {@link StatusPlace#BLOCKS}th place of a list, in an order that nobody can tell. */
  private static final class Block {
    private final int list;
    private final Instant end;
    private final int[] indices = new int[StatusPlace.BLOCK];
    private int left = StatusPlace.BLOCK;

    Block(long number, Instant end) {
      this.list = Math.toIntExact(number / StatusPlace.BLOCKS);
      this.end = end;
      int first = (int) (number % StatusPlace.BLOCKS);
      for (int i = 0; i < indices.length; i++) {
        indices[i] = first + i * StatusPlace.BLOCKS;
      }
    }

    StatusPlace next(SecureRandom random) {
      int chosen = random.nextInt(left);
      int index = indices[chosen];
      indices[chosen] = indices[--left];
      return new StatusPlace(list, index);
    }
  }
}

package io.sallyport.keys;

import java.time.Instant;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The keys that everything secret is sealed under. Several may be held; the first in the file becomes the current one, and
 * stays it for all nodes until a new one stands in front of it.
 */
public interface MasterKeys {
  /**
   * A master key that something was ever sealed under.
   *
   * @param id eight hexadecimal digits
   * @param held whether this node has it
   * @param values how many stored values are sealed under it
   * @param neededUntil when what was handed out sealed under it is worthless; null while values are stored under it
   */
  record MasterKeyState(
      String id,
      boolean current,
      boolean held,
      Instant currentSince,
      long values,
      @Nullable Instant neededUntil) {}

  /**
   * How the master keys stand.
   *
   * @param keys the current one first
   * @param formerFormat how many stored values are of the format that names no key
   */
  record Standing(List<MasterKeyState> keys, long formerFormat) {
    public Standing {
      keys = List.copyOf(keys);
    }
  }

  /**
   * Reads the keys (again) and makes the first the current one when it is new. Refuses with {@code master-key} a file that
   * cannot be read or lacks a key that is still needed; what was held before then stays in use.
   */
  void read();

  /** Whether values may be left that a key before the current one sealed. */
  boolean unfinished();

  /**
   * Seals everything stored under the current key, in batches that commit by themselves; may be broken off and begun again
   * at any point, and by several at the same time.
   *
   * @param goOn asked before each batch
   * @return whether nothing is left
   */
  boolean reseal(BooleanSupplier goOn);

  /** How they stand. Counts, so not for every second. */
  Standing standing();
}

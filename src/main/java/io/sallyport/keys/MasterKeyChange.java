package io.sallyport.keys;

import org.jspecify.annotations.Nullable;

/** Something happened to the master keys; fired in the transaction that did it. */
public sealed interface MasterKeyChange {
  /** @param former the one before it, or null for the first */
  record Current(String id, @Nullable String former) implements MasterKeyChange {}

  /**
   * @param column as {@link SealedColumn#name}
   * @param id the key that the values are sealed under now
   */
  record Resealed(String column, String id, int values) implements MasterKeyChange {}

  /** @param unreadable how many stored values no key that is held can open; they were altered */
  record Retired(String id, long unreadable) implements MasterKeyChange {}
}

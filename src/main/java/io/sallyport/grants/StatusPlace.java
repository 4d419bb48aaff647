package io.sallyport.grants;

/**
 * Where a token's status stands (draft-ietf-oauth-status-list §6.1).
 *
 * @param list number of the list, from 0
 * @param index from 0, below {@link #LIST}
 */
record StatusPlace(int list, int index) {
  /** Places on a list: 16 KiB before they are compressed, and a few hundred octets after. */
  static final int LIST = 1 << 17;

  /** Places that a node takes at once. */
  static final int BLOCK = 1 << 10;

  static final int BLOCKS = LIST / BLOCK;
}

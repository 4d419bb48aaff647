package io.sallyport.admin;

import io.sallyport.policy.mud.MudFile;

/** MUD files from those who may describe devices: signed by whom the operator trusts for that, from hosts that the operator named. */
public interface MudFiles {
  /**
   * A file whose signature was checked before it was read.
   *
   * @param signer the subject of its signer's certificate
   */
  record Checked(MudFile file, String signer) {}

  /** Refuses with {@code untrusted-mud} and {@code invalid-mud}. */
  Checked check(byte[] file, byte[] signature);

  /**
   * Fetches the file at {@code url}, and its signature from the same place with {@code .p7s} for {@code .json} or behind it.
   * Blocks for some seconds at most; never in a transaction. Refuses with {@code unfetched-mud}, and as {@link #check} does;
   * also a file that says to be of another place.
   */
  Checked fetch(String url);
}

package io.sallyport.kernel;

import java.util.Base64;

/**
 * What a log commits to at one size (C2SP tlog-checkpoint): the text that its {@link SignedNote} signs.
 *
 * @param origin the log's name, equal to the name of its key
 * @param size the number of leaves
 * @param root the tree's hash at that size
 */
public record MerkleCheckpoint(String origin, long size, Digest root) {
  /**
   * Reads the text of a note; lines after the third are extensions and skipped. Throws {@link IllegalArgumentException}
   * with a sentence when it is no checkpoint.
   */
  public static MerkleCheckpoint parse(String text) {
    String[] lines = text.split("\n", -1);
    if (lines.length < 4 || lines[0].isEmpty() || !lines[1].matches("0|[1-9][0-9]{0,17}")) {
      throw new IllegalArgumentException(
          "The note is not a checkpoint: it needs an origin, a size and a root.");
    }
    byte[] root = Base64.getDecoder().decode(lines[2]);
    if (root.length != Digest.LENGTH) {
      throw new IllegalArgumentException(
          "The checkpoint's root has " + root.length + " octets instead of 32.");
    }
    return new MerkleCheckpoint(lines[0], Long.parseLong(lines[1]), Digest.ofOctets(root));
  }

  /** The text to be signed: origin, size, root in base64, a line each. */
  public String text() {
    return origin + "\n" + size + "\n" + Base64.getEncoder().encodeToString(root.octets()) + "\n";
  }
}

package io.sallyport.cli;

import io.sallyport.cli.LogVerdict.Fault;
import io.sallyport.cli.LogVerdict.Finding;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.MerkleLeaf;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tree over a log's entries: every leaf computed anew from what a reader sees, up to the first entry that does not fit.
 * Needs the same memory for any log.
 */
final class LogWalk {
  private final Iterator<ShownFact> entries;
  /** In the order of the log; their number is part of the name that it signs under from there on. */
  private final List<LogLoss> losses = new ArrayList<>();

  private MerkleFrontier tree = MerkleFrontier.EMPTY;

  /** Facts from the first on of which the leaf hashes alone are left; their root; and the fact that says why, or null. */
  private long dropped;

  private @Nullable Digest droppedRoot;
  private @Nullable ShownFact droppedBecause;

  LogWalk(Iterator<ShownFact> entries) {
    this.entries = entries;
  }

  long size() {
    return tree.size();
  }

  Digest root() {
    return tree.root();
  }

  List<LogLoss> losses() {
    return losses;
  }

  /** Facts from the first on of which the leaf hashes alone are left. */
  long dropped() {
    return dropped;
  }

  /** The fact that tells why their content is missing. */
  @Nullable
  ShownFact droppedBecause() {
    return droppedBecause;
  }

  /** Goes on to {@code size} entries, or to the end of the log if that comes first. */
  @Nullable
  Finding advance(long size) {
    while (tree.size() < size && entries.hasNext()) {
      ShownFact entry = entries.next();
      long expected = tree.size() + 1;
      if (entry.position() > expected) {
        return new Finding(
            expected,
            Fault.MISSING,
            "Fact " + expected + " is missing; the next one is " + entry.position() + ".");
      }
      if (entry.position() < expected) {
        return new Finding(
            expected,
            Fault.REORDERED,
            "Fact " + entry.position() + " stands where fact " + expected + " should.");
      }
      if (entry.dropped()) {
        if (dropped != tree.size()) {
          return new Finding(
              expected,
              Fault.MISSING,
              "What fact " + expected + " said is missing, although facts before it are whole.");
        }
        tree = tree.append(entry.hash());
        dropped = expected;
        continue;
      }
      noteDropped(entry);
      MerkleLeaf leaf = entry.computed();
      if (!leaf.equals(entry.leaf())) {
        return new Finding(
            expected,
            Fault.ALTERED,
            "Fact " + expected + " was altered: it does not fit its own leaf.");
      }
      if (!leaf.hash().equals(entry.hash())) {
        return displaced(entry, leaf.hash());
      }
      tree = tree.append(leaf.hash());
      if (entry.kind().equals(LogLoss.KIND)) {
        losses.add(LogLoss.of(entry));
      }
    }
    return null;
  }

  /** Is this what tells why content is missing? Its root says of which facts it speaks. */
  private void noteDropped(ShownFact entry) {
    if (dropped == 0) {
      return;
    }
    Digest root = droppedRoot;
    if (root == null) {
      root = tree.root();
      droppedRoot = root;
    }
    if (entry.subjectType().equals("retention")
        && (entry.kind().equals("retention.announced") || entry.kind().equals("retention.dropped"))
        && Long.toString(dropped).equals(entry.detail().get("until"))
        && root.hex().equals(entry.detail().get("root"))) {
      droppedBecause = entry;
    }
  }

  /** A fact that agrees with itself but not with the hash sealed at its place: where did the sealed one go? */
  private Finding displaced(ShownFact entry, Digest found) {
    long position = entry.position();
    boolean moved = false;
    while (entries.hasNext()) {
      ShownFact other = entries.next();
      if (other.computed().hash().equals(entry.hash())) {
        return new Finding(
            position,
            Fault.REORDERED,
            "The order was changed: the fact that was sealed at " + position + " stands at "
                + other.position() + ".");
      }
      moved |= other.hash().equals(found);
    }
    return moved
        ? new Finding(
            position,
            Fault.MISSING,
            "The fact that was sealed at " + position
                + " is missing, and a later one was moved to its place.")
        : new Finding(
            position,
            Fault.ALTERED,
            "Fact " + position
                + " was altered or replaced: it does not have the hash that was sealed.");
  }
}

package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.LogName;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.MerkleLeaf;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.SignedNote;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Goes on from the frontier of a stored checkpoint, which its own signed root vouches for, to the root of a later one. So
 * a check of inclusion hashes what lies between two neighbors, however long the log is.
 */
@Singleton
final class CheckedLog implements LogChecks {
  /** Some seconds of hashing; for more there is the command line. */
  private static final long MOST_LEAVES = 1_000_000;

  private static final String BEFORE =
      "select size, frontier, note from checkpoint where size < ? and note is not null order by size desc limit 1";
  private static final String AFTER =
      "select size, frontier, note from checkpoint where size >= ? and note is not null order by size limit 1";
  private static final String AT =
      "select size, frontier, note from checkpoint where size = ? and note is not null";

  private static final String HASHES =
      "select hash from log_leaf where position > ? and position <= ? order by position";

  private final SealedLog log;
  private final LogSigner signer;
  private final DataSource database;

  CheckedLog(LogSigner signer, DataSource database) {
    this.log = new SealedLog(database);
    this.signer = signer;
    this.database = database;
  }

  private record Stored(MerkleFrontier frontier, String note) {}

  /** Steps so far; stops at the first that does not hold. */
  private static final class Steps {
    private final List<Step> steps = new ArrayList<>();

    boolean add(boolean holds, String good, String bad) {
      steps.add(new Step(holds, holds ? good : bad));
      return holds;
    }

    Check check() {
      return new Check(steps);
    }
  }

  @Override
  public Check inclusion(long position) {
    Steps steps = new Steps();
    Optional<LogEntry> found = log.entry(position);
    Optional<String> dropped = found.isPresent() ? Optional.empty() : droppedSentence(position);
    if (!steps.add(
        found.isPresent() || dropped.isPresent(),
        dropped.orElse("Fact " + position + " is in the log."),
        "There is no fact " + position + ".")) {
      return steps.check();
    }
    Optional<Stored> after = stored(AFTER, position);
    if (found.isPresent()
            && !steps.add(
                rebuilt(found.get()).equals(found.get().leaf()),
                "Its leaf follows from its fields.",
                "Its fields are not those that its leaf was made of: it was changed.")
        || !steps.add(
            after.isPresent(),
            "A checkpoint covers it.",
            "It is not sealed yet; check again in a second.")) {
      return steps.check();
    }
    Stored covering = after.orElseThrow();
    Optional<Stored> before = stored(BEFORE, position);
    if (before.isPresent() && !vouched(before.get(), "before it", steps)) {
      return steps.check();
    }
    MerkleFrontier start = before.map(Stored::frontier).orElse(MerkleFrontier.EMPTY);
    extended(start, covering, steps);
    return steps.check();
  }

  @Override
  public Check consistency(String note) {
    Steps steps = new Steps();
    MerkleCheckpoint kept = signed(note);
    if (!steps.add(
        kept != null,
        "The checkpoint is signed by this log's key.",
        "This is no checkpoint that this log's key has signed.")) {
      return steps.check();
    }
    MerkleCheckpoint given = java.util.Objects.requireNonNull(kept);
    Optional<Stored> stored = stored(AT, given.size());
    Optional<Stored> latest = log.latest().flatMap(checkpoint -> stored(AT, checkpoint.size()));
    if (!steps.add(
            latest.isPresent() && given.size() <= latest.get().frontier().size(),
            "The log has not become shorter: " + size(latest) + " facts, then " + given.size()
                + ".",
            "The log has " + size(latest) + " facts sealed, fewer than the " + given.size()
                + " that were signed: it went back.")
        || !steps.add(
            stored.isPresent() && stored.get().frontier().root().equals(given.root()),
            "Its first " + given.size() + " facts still have the root that was signed.",
            "Its first " + given.size()
                + " facts do not have the root that was signed: history was replaced.")
        || !steps.add(
            size(latest) - given.size() <= MOST_LEAVES,
            "Facts added since: " + (size(latest) - given.size()) + ".",
            "More than " + MOST_LEAVES
                + " facts have been added since; check with the command line.")) {
      return steps.check();
    }
    extended(stored.orElseThrow().frontier(), latest.orElseThrow(), steps);
    return steps.check();
  }

  private Optional<String> droppedSentence(long position) {
    return dropped(position)
        .map(gone -> "What fact " + position + " said was dropped on " + gone.at()
            + " by retention, with all facts until " + gone.until()
            + "; the hash of its leaf is kept and checked.");
  }

  private Optional<DroppedFacts> dropped(long position) {
    try (Connection connection = database.getConnection()) {
      return DroppedFacts.at(connection, position);
    } catch (SQLException e) {
      throw new IllegalStateException("the log could not be read", e);
    }
  }

  private static long size(Optional<Stored> stored) {
    return stored.map(found -> found.frontier().size()).orElse(0L);
  }

  /** The frontier stands in a table; the signed root says whether it is the right one. */
  private boolean vouched(Stored stored, String where, Steps steps) {
    MerkleCheckpoint checkpoint = signed(stored.note());
    return steps.add(
        checkpoint != null
            && checkpoint.size() == stored.frontier().size()
            && checkpoint.root().equals(stored.frontier().root()),
        "The checkpoint " + where + ", of " + stored.frontier().size()
            + " facts, is signed and fits what is kept of the tree.",
        "The checkpoint " + where + ", of " + stored.frontier().size()
            + " facts, is not signed or does not fit what is kept of the tree.");
  }

  private void extended(MerkleFrontier start, Stored end, Steps steps) {
    if (!vouched(end, "over it", steps)) {
      return;
    }
    if (start.size() == end.frontier().size()) {
      return;
    }
    MerkleFrontier tree = start;
    Optional<DroppedFacts> gone = dropped(start.size() + 1);
    if (gone.isPresent()) {
      tree = hashed(tree, Math.min(gone.get().until(), end.frontier().size()));
    }
    while (tree.size() < end.frontier().size()) {
      int most = (int) Math.min(Page.MOST, end.frontier().size() - tree.size());
      List<LogEntry> entries = log.entries(tree.size(), most, null, null).items();
      if (entries.isEmpty() || entries.getFirst().position() != tree.size() + 1) {
        steps.add(false, "", "Fact " + (tree.size() + 1) + " is missing.");
        return;
      }
      for (LogEntry entry : entries) {
        tree = tree.append(entry.leaf().hash());
      }
    }
    steps.add(
        tree.root().equals(end.frontier().root()),
        "Facts " + (start.size() + 1) + " to " + end.frontier().size()
            + ", hashed now, lead to the signed root "
            + end.frontier().root().hex().substring(0, 16)
            + "…",
        "Facts " + (start.size() + 1) + " to " + end.frontier().size()
            + ", hashed now, do not lead to the signed root.");
  }

  /** Over facts of which the leaf hashes alone are left. */
  private MerkleFrontier hashed(MerkleFrontier start, long until) {
    MerkleFrontier tree = start;
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(HASHES)) {
      query.setLong(1, start.size());
      query.setLong(2, until);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          tree = tree.append(Digest.ofOctets(row.getBytes(1)));
        }
      }
      return tree;
    } catch (SQLException e) {
      throw new IllegalStateException("the log could not be read", e);
    }
  }

  private @Nullable MerkleCheckpoint signed(String text) {
    try {
      SignedNote note = SignedNote.parse(text);
      MerkleCheckpoint checkpoint = MerkleCheckpoint.parse(note.text());
      return signer.signed(note)
              && LogName.origin(checkpoint.origin())
                  .equals(LogName.origin(signer.key().name()))
          ? checkpoint
          : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static MerkleLeaf rebuilt(LogEntry entry) {
    return MerkleLeaf.of(
        entry.id(),
        entry.at(),
        entry.kind(),
        entry.actor(),
        entry.subjectType(),
        entry.subject(),
        entry.detail());
  }

  private Optional<Stored> stored(String query, long size) {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(query)) {
      statement.setLong(1, size);
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(
                new Stored(MerkleFrontier.of(row.getLong(1), row.getBytes(2)), row.getString(3)))
            : Optional.empty();
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the log could not be read", e);
    }
  }
}

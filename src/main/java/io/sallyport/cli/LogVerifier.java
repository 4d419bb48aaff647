package io.sallyport.cli;

import io.sallyport.cli.LogVerdict.Fault;
import io.sallyport.cli.LogVerdict.Finding;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.LogName;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.SignedNote;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Checks a log from what a server shows of it: {@code new LogVerifier(key, pinned, earlier).verify(entries,
 * checkpoints)}. Believes nothing but the key and the earlier checkpoints that it is given: it computes every leaf anew
 * from what a reader sees, and every root from the leaves. Needs the same memory for any log. One use.
 *
 * <p>Both iterators are pulled in turns, a checkpoint first and then the entries up to its size, so they may fetch a page
 * at a time from a log that grows meanwhile. What they throw passes through.
 */
public final class LogVerifier {
  private final SignedNote.VerifierKey key;
  private final boolean pinned;
  private final @Nullable WitnessedLog witness;
  private final List<Mark> earlier = new ArrayList<>();
  /** Earlier checkpoints of what was accepted as lost. */
  private int ofLost;

  /** Sizes up to which the server's checkpoints, the earlier ones, and either hold. */
  private long sealed;

  private long agreed;
  private long covered;

  /**
   * Throws {@link IllegalArgumentException} with a sentence when {@code vkey} is no verifier key or an earlier
   * checkpoint is no checkpoint.
   *
   * @param vkey the log's C2SP verifier key, {@code name+id+key}
   * @param pinned whether the key was kept outside the server; false when the server itself has just given it
   * @param earlier signed notes of this log that were kept outside the server; may be empty
   */
  public LogVerifier(String vkey, boolean pinned, List<String> earlier) {
    this(vkey, pinned, earlier, null);
  }

  /**
   * The same, and a witness must have signed at least one checkpoint.
   *
   * @param witness the witness's C2SP verifier key for cosignatures, kept outside the server, or null
   */
  public LogVerifier(String vkey, boolean pinned, List<String> earlier, @Nullable String witness) {
    this.key = SignedNote.VerifierKey.parse(vkey);
    this.pinned = pinned;
    this.witness = witness == null ? null : new WitnessedLog(witness);
    earlier.forEach(this::keep);
  }

  /** Adds an earlier checkpoint to check against; throws {@link IllegalArgumentException} when it is none. */
  void keep(String text) {
    SignedNote note = SignedNote.parse(text);
    MerkleCheckpoint checkpoint = MerkleCheckpoint.parse(note.text());
    earlier.add(new Mark(
        checkpoint.size(),
        checkpoint.root(),
        mine(note, checkpoint),
        LogName.losses(checkpoint.origin())));
  }

  /** Whether the log has signed it, under whichever name it had then. */
  private boolean mine(SignedNote note, MerkleCheckpoint checkpoint) {
    String name = checkpoint.origin();
    return LogName.origin(name).equals(LogName.origin(key.name()))
        && key.as(name).signed(note);
  }

  /**
   * Checks everything up to the first position that does not fit.
   *
   * @param entries all entries from position 1, in the order of the server's list
   * @param checkpoints all checkpoints, in the order of the server's list
   */
  public LogVerdict verify(Iterator<ShownFact> entries, Iterator<Checkpoint> checkpoints) {
    LogWalk log = new LogWalk(entries);
    Finding finding = found(log, checkpoints);
    return finding == null
        ? new LogVerdict(log.size(), covered, null, excluded(), notExcluded(log))
        : new LogVerdict(
            finding.position() - 1,
            Math.min(covered, finding.position() - 1),
            finding,
            List.of(),
            List.of("What stands after the first position that does not fit: it was not judged."));
  }

  private @Nullable Finding found(LogWalk log, Iterator<Checkpoint> checkpoints) {
    earlier.sort(Comparator.comparingLong(Mark::size));
    try {
      Finding finding = check(log, checkpoints);
      if (finding == null && log.dropped() > 0 && !explained(log)) {
        finding = new Finding(
            1,
            Fault.MISSING,
            "What facts 1 to " + log.dropped()
                + " said is missing, and no fact under a checkpoint tells that retention dropped it.");
      }
      return finding == null && witness != null ? witness.missing() : finding;
    } catch (Unreadable e) {
      return new Finding(log.size() + 1, Fault.ALTERED, e.sentence());
    }
  }

  private boolean explained(LogWalk log) {
    ShownFact because = log.droppedBecause();
    return because != null && because.position() <= covered;
  }

  private @Nullable Finding check(LogWalk log, Iterator<Checkpoint> checkpoints) {
    for (Mark mark : earlier) {
      if (!mark.mine()) {
        return new Finding(
            agreed + 1,
            Fault.REWRITTEN,
            "The earlier checkpoint of " + mark.size()
                + " facts is not signed by the key " + key.name()
                + " that is checked against: it is of another log, or"
                + " the log was begun anew with another key.");
      }
    }
    Iterator<Mark> marks = earlier.iterator();
    Mark mark = next(marks);
    while (checkpoints.hasNext()) {
      Checkpoint checkpoint = checkpoints.next();
      while (mark != null && mark.size() < checkpoint.size()) {
        Finding finding = agrees(mark, log);
        if (finding != null) {
          return finding;
        }
        mark = next(marks);
      }
      Finding finding = holds(checkpoint, log);
      if (finding != null) {
        return finding;
      }
    }
    for (; mark != null; mark = next(marks)) {
      Finding finding = agrees(mark, log);
      if (finding != null) {
        return finding;
      }
    }
    return log.advance(Long.MAX_VALUE);
  }

  /** A checkpoint that the server shows. */
  private @Nullable Finding holds(Checkpoint checkpoint, LogWalk log) {
    long size = checkpoint.size();
    String fault = fault(checkpoint);
    if (fault != null) {
      return new Finding(
          covered + 1, Fault.BAD_CHECKPOINT, "The checkpoint of " + size + " facts " + fault);
    }
    Finding finding = log.advance(size);
    if (finding == null && log.size() < size) {
      finding = new Finding(
          log.size() + 1,
          Fault.MISSING,
          "The log ends at fact " + log.size() + ", but its checkpoint covers " + size + ".");
    }
    if (finding == null && !log.root().equals(checkpoint.root())) {
      finding = new Finding(
          covered + 1,
          Fault.ROOT_MISMATCH,
          "The facts do not have the root of the checkpoint of "
              + size + ": one of the facts " + (covered + 1) + " to " + size
              + ", between the checkpoints of " + covered
              + " and " + size + ", is not what was sealed.");
    }
    String name = name(checkpoint);
    if (finding == null && LogName.losses(name) != log.losses().size()) {
      finding = new Finding(
          covered + 1,
          Fault.BAD_CHECKPOINT,
          "The checkpoint of " + size + " facts is signed under the name " + name
              + ", but the log tells of " + log.losses().size() + " accepted losses before it.");
    }
    if (finding == null && witness != null) {
      finding = witness.advance(checkpoint, covered);
    }
    sealed = finding == null ? size : sealed;
    covered = finding == null ? size : covered;
    return finding;
  }

  /** A checkpoint that was kept outside the server. */
  private @Nullable Finding agrees(Mark mark, LogWalk log) {
    long size = mark.size();
    Finding finding = log.advance(size);
    if (finding == null
        && mark.losses() < log.losses().size()
        && log.losses().get(mark.losses()).position() <= size) {
      return lost(mark, log.losses().get(mark.losses()));
    }
    if (finding == null && log.size() < size) {
      finding = new Finding(
          log.size() + 1,
          Fault.MISSING,
          "The log ends at fact " + log.size() + ", but an earlier checkpoint covers " + size
              + ": it was cut short.");
    }
    if (finding == null && !log.root().equals(mark.root())) {
      finding = new Finding(
          agreed + 1,
          Fault.REWRITTEN,
          "History was rewritten: the first " + size
              + " facts do not have the root that the earlier checkpoint signed; at least one of the facts "
              + (agreed + 1)
              + " to " + size + " was changed since.");
    }
    agreed = finding == null ? size : agreed;
    covered = finding == null ? Math.max(covered, size) : covered;
    return finding;
  }

  /** An earlier checkpoint of a part that was accepted as lost must not tell of more than that. */
  private @Nullable Finding lost(Mark mark, LogLoss loss) {
    if (mark.size() > loss.to()
        || mark.size() == loss.to() && !mark.root().toString().equals(loss.root())) {
      return new Finding(
          loss.position(),
          Fault.REWRITTEN,
          "An earlier checkpoint covers " + mark.size() + " facts, but fact " + loss.position()
              + " tells of a loss up to fact " + loss.to()
              + " of another history: more was lost than was accepted.");
    }
    ofLost++;
    return null;
  }

  private static String name(Checkpoint checkpoint) {
    return MerkleCheckpoint.parse(SignedNote.parse(checkpoint.note()).text()).origin();
  }

  private @Nullable String fault(Checkpoint checkpoint) {
    if (checkpoint.size() <= sealed) {
      return "does not follow the one of " + sealed + ".";
    }
    try {
      SignedNote note = SignedNote.parse(checkpoint.note());
      MerkleCheckpoint signed = MerkleCheckpoint.parse(note.text());
      if (!mine(note, signed)) {
        return "is not signed by the key " + key + ".";
      }
      return signed.equals(
              new MerkleCheckpoint(signed.origin(), checkpoint.size(), checkpoint.root()))
          ? null
          : "shows another size or root than its signed note.";
    } catch (IllegalArgumentException e) {
      return "has a note that cannot be read: " + e.getMessage();
    }
  }

  private List<String> excluded() {
    List<String> sentences = new ArrayList<>();
    if (covered > 0) {
      sentences.add("Facts 1 to " + covered
          + " altered, taken out, put in or put in another order since the key " + key.name()
          + " signed them.");
    }
    if (agreed > 0) {
      sentences.add("Facts 1 to " + agreed + " rewritten and signed anew: " + earlier.size()
          + " earlier checkpoints agree.");
    }
    if (witness != null && witness.size() > 0) {
      sentences.add(witness.excluded());
    }
    return sentences;
  }

  private List<String> notExcluded(LogWalk log) {
    List<String> sentences = new ArrayList<>();
    ShownFact because = log.droppedBecause();
    if (because != null) {
      sentences.add("What facts 1 to " + log.dropped()
          + " said: their content was dropped by retention until position " + log.dropped()
          + " (fact " + because.position() + ", of " + because.at() + ", term "
          + because.detail().get("term") + "). Their hashes lead to the signed roots.");
    }
    if (log.size() > covered) {
      sentences.add("A change to facts " + (covered + 1) + " to " + log.size()
          + ": they stand after the last checkpoint that holds.");
    }
    log.losses()
        .forEach(loss -> sentences.add("Facts " + loss.from() + " to " + loss.to()
            + " as they were signed before: they are lost, and " + loss.actor()
            + " accepted that at "
            + loss.at() + " (fact " + loss.position() + "): \"" + loss.reason() + "\"."));
    if (ofLost > 0) {
      sentences.add("What " + ofLost
          + " earlier checkpoints signed of the lost facts: nothing is left to compare them with.");
    }
    long witnessed = witness == null ? 0 : witness.size();
    long vouched = Math.max(agreed, witnessed);
    if (vouched == 0) {
      sentences.add(
          pinned
              ? "A history rewritten or cut short, and signed anew, by whoever has the log's key, the server included: no"
                  + " earlier checkpoint was given."
              : "A history rewritten or cut short together with its key: no earlier checkpoint was given, and the key came"
                  + " from the server that was checked.");
    } else {
      sentences.add("Facts after " + vouched
          + " rewritten or cut short, and signed anew, by whoever has the log's key:"
          + " they are newer than "
          + (witnessed > agreed ? "what the witness signed." : "the earlier checkpoint."));
    }
    sentences.add(
        "What was never recorded, or was altered before it was sealed, about a second after it happened.");
    return sentences;
  }

  private static @Nullable Mark next(Iterator<Mark> marks) {
    return marks.hasNext() ? marks.next() : null;
  }

  /**
   * @param mine whether the key that is checked against has signed it
   * @param losses how many losses had been accepted when it was signed
   */
  private record Mark(long size, Digest root, boolean mine, int losses) {}

  /** Something in place of an entry or a checkpoint that cannot be read as one. */
  public static final class Unreadable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unreadable(String sentence) {
      super(sentence, null, false, false);
    }

    String sentence() {
      return String.valueOf(getMessage());
    }
  }

  /** A checkpoint as the server shows it ({@code GET /api/v1/audit/checkpoints}). */
  public record Checkpoint(long size, Digest root, String note) {}
}

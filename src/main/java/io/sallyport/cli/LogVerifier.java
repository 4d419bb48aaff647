package io.sallyport.cli;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.LogName;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.MerkleLeaf;
import io.sallyport.kernel.SignedNote;
import io.sallyport.kernel.WitnessKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
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
  private final @Nullable WitnessKey witness;
  private final List<Mark> earlier = new ArrayList<>();
  /** In the order of the log; their number is part of the name that it signs under from there on. */
  private final List<Loss> losses = new ArrayList<>();
  /** Earlier checkpoints of what was accepted as lost. */
  private int ofLost;

  private MerkleFrontier tree = MerkleFrontier.EMPTY;

  /** Sizes up to which the server's checkpoints, the earlier ones, and either hold. */
  private long sealed;

  private long agreed;
  private long covered;

  /** Size up to which the witness signed, and when. */
  private long witnessed;

  private Instant witnessedAt = Instant.EPOCH;

  /** Facts from the first on of which the leaf hashes alone are left; their root; and the fact that says why, or null. */
  private long dropped;

  private @Nullable Digest droppedRoot;
  private @Nullable Entry droppedBecause;

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
    this.witness = witness == null ? null : WitnessKey.parse(witness);
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
  public Verdict verify(Iterator<Entry> entries, Iterator<Checkpoint> checkpoints) {
    Finding finding = found(entries, checkpoints);
    return finding == null
        ? new Verdict(tree.size(), covered, null, excluded(), notExcluded())
        : new Verdict(
            finding.position() - 1,
            Math.min(covered, finding.position() - 1),
            finding,
            List.of(),
            List.of("What stands after the first position that does not fit: it was not judged."));
  }

  private @Nullable Finding found(Iterator<Entry> entries, Iterator<Checkpoint> checkpoints) {
    earlier.sort(Comparator.comparingLong(Mark::size));
    try {
      Finding finding = check(entries, checkpoints);
      if (finding == null && dropped > 0 && !explained()) {
        finding = new Finding(
            1,
            Fault.MISSING,
            "What facts 1 to " + dropped
                + " said is missing, and no fact under a checkpoint tells that retention dropped it.");
      }
      return finding == null && witness != null && witnessed == 0
          ? new Finding(
              1,
              Fault.UNWITNESSED,
              "No checkpoint is signed by the witness " + witness.name() + ".")
          : finding;
    } catch (Unreadable e) {
      return new Finding(tree.size() + 1, Fault.ALTERED, e.sentence());
    }
  }

  private boolean explained() {
    return droppedBecause != null && droppedBecause.position() <= covered;
  }

  private @Nullable Finding check(Iterator<Entry> entries, Iterator<Checkpoint> checkpoints) {
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
        Finding finding = agrees(mark, entries);
        if (finding != null) {
          return finding;
        }
        mark = next(marks);
      }
      Finding finding = holds(checkpoint, entries);
      if (finding != null) {
        return finding;
      }
    }
    for (; mark != null; mark = next(marks)) {
      Finding finding = agrees(mark, entries);
      if (finding != null) {
        return finding;
      }
    }
    return advance(Long.MAX_VALUE, entries);
  }

  /** A checkpoint that the server shows. */
  private @Nullable Finding holds(Checkpoint checkpoint, Iterator<Entry> entries) {
    long size = checkpoint.size();
    String fault = fault(checkpoint);
    if (fault != null) {
      return new Finding(
          covered + 1, Fault.BAD_CHECKPOINT, "The checkpoint of " + size + " facts " + fault);
    }
    Finding finding = advance(size, entries);
    if (finding == null && tree.size() < size) {
      finding = new Finding(
          tree.size() + 1,
          Fault.MISSING,
          "The log ends at fact " + tree.size() + ", but its checkpoint covers " + size + ".");
    }
    if (finding == null && !tree.root().equals(checkpoint.root())) {
      finding = new Finding(
          covered + 1,
          Fault.ROOT_MISMATCH,
          "The facts do not have the root of the checkpoint of "
              + size + ": one of the facts " + (covered + 1) + " to " + size
              + ", between the checkpoints of " + covered
              + " and " + size + ", is not what was sealed.");
    }
    String name = name(checkpoint);
    if (finding == null && LogName.losses(name) != losses.size()) {
      finding = new Finding(
          covered + 1,
          Fault.BAD_CHECKPOINT,
          "The checkpoint of " + size + " facts is signed under the name " + name
              + ", but the log tells of " + losses.size() + " accepted losses before it.");
    }
    if (finding == null) {
      finding = cosigned(checkpoint);
    }
    sealed = finding == null ? size : sealed;
    covered = finding == null ? size : covered;
    return finding;
  }

  /** What the witness signed over a checkpoint, if it did. */
  private @Nullable Finding cosigned(Checkpoint checkpoint) {
    WitnessKey expected = witness;
    SignedNote note = SignedNote.parse(checkpoint.note());
    if (expected == null || note.lines().stream().noneMatch(expected::claims)) {
      return null;
    }
    Optional<Instant> at = expected.cosigned(note);
    if (at.isEmpty()) {
      return new Finding(
          covered + 1,
          Fault.BAD_CHECKPOINT,
          "The signature of the witness " + expected.name() + " over the checkpoint of "
              + checkpoint.size() + " facts is not good.");
    }
    witnessed = checkpoint.size();
    witnessedAt = at.get();
    return null;
  }

  /** A checkpoint that was kept outside the server. */
  private @Nullable Finding agrees(Mark mark, Iterator<Entry> entries) {
    long size = mark.size();
    Finding finding = advance(size, entries);
    if (finding == null
        && mark.losses() < losses.size()
        && losses.get(mark.losses()).position() <= size) {
      return lost(mark, losses.get(mark.losses()));
    }
    if (finding == null && tree.size() < size) {
      finding = new Finding(
          tree.size() + 1,
          Fault.MISSING,
          "The log ends at fact " + tree.size() + ", but an earlier checkpoint covers " + size
              + ": it was cut short.");
    }
    if (finding == null && !tree.root().equals(mark.root())) {
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
  private @Nullable Finding lost(Mark mark, Loss loss) {
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

  private @Nullable Finding advance(long size, Iterator<Entry> entries) {
    while (tree.size() < size && entries.hasNext()) {
      Entry entry = entries.next();
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
        return displaced(entry, leaf.hash(), entries);
      }
      tree = tree.append(leaf.hash());
      if (entry.kind().equals(Loss.KIND)) {
        losses.add(Loss.of(entry));
      }
    }
    return null;
  }

  /** Is this what tells why content is missing? Its root says of which facts it speaks. */
  private void noteDropped(Entry entry) {
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
  private static Finding displaced(Entry entry, Digest found, Iterator<Entry> rest) {
    long position = entry.position();
    boolean moved = false;
    while (rest.hasNext()) {
      Entry other = rest.next();
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
    if (witness != null && witnessed > 0) {
      sentences.add("Facts 1 to " + witnessed + " rewritten and signed anew: the witness "
          + witness.name() + " signed at " + witnessedAt + " that the log had only grown.");
    }
    return sentences;
  }

  private List<String> notExcluded() {
    List<String> sentences = new ArrayList<>();
    Entry because = droppedBecause;
    if (because != null) {
      sentences.add("What facts 1 to " + dropped
          + " said: their content was dropped by retention until position " + dropped
          + " (fact " + because.position() + ", of " + because.at() + ", term "
          + because.detail().get("term") + "). Their hashes lead to the signed roots.");
    }
    if (tree.size() > covered) {
      sentences.add("A change to facts " + (covered + 1) + " to " + tree.size()
          + ": they stand after the last checkpoint that holds.");
    }
    losses.forEach(loss -> sentences.add("Facts " + loss.from() + " to " + loss.to()
        + " as they were signed before: they are lost, and " + loss.actor() + " accepted that at "
        + loss.at() + " (fact " + loss.position() + "): \"" + loss.reason() + "\"."));
    if (ofLost > 0) {
      sentences.add("What " + ofLost
          + " earlier checkpoints signed of the lost facts: nothing is left to compare them with.");
    }
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

  /** An accepted loss, as the fact at {@code position} tells it. */
  private record Loss(
      long position, Instant at, String actor, long from, long to, String root, String reason) {
    static final String KIND = "log.lost";

    static Loss of(Entry entry) {
      return new Loss(
          entry.position(),
          entry.at(),
          entry.actor(),
          number(entry, "from"),
          number(entry, "to"),
          entry.detail().getOrDefault("root", ""),
          entry.detail().getOrDefault("reason", ""));
    }

    private static long number(Entry entry, String name) {
      String text = entry.detail().getOrDefault(name, "");
      return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
    }
  }

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

  /**
   * An entry as the server shows it ({@code GET /api/v1/audit/facts}).
   *
   * @param dropped whether the hash is all that is left of it ({@code GET /api/v1/audit/leaves})
   */
  public record Entry(
      long position,
      UUID id,
      Instant at,
      String kind,
      String actor,
      String subjectType,
      String subject,
      Map<String, String> detail,
      MerkleLeaf leaf,
      Digest hash,
      boolean dropped) {
    private static final UUID NO_ID = new UUID(0, 0);
    private static final MerkleLeaf NO_LEAF = MerkleLeaf.ofOctets(new byte[0]);

    public Entry {
      detail = Map.copyOf(detail);
    }

    /** A whole one. */
    public Entry(
        long position,
        UUID id,
        Instant at,
        String kind,
        String actor,
        String subjectType,
        String subject,
        Map<String, String> detail,
        MerkleLeaf leaf,
        Digest hash) {
      this(position, id, at, kind, actor, subjectType, subject, detail, leaf, hash, false);
    }

    /** One of which the content was dropped. */
    public static Entry dropped(long position, Digest hash) {
      return new Entry(
          position, NO_ID, Instant.EPOCH, "", "", "", "", Map.of(), NO_LEAF, hash, true);
    }

    private MerkleLeaf computed() {
      return MerkleLeaf.of(id, at, kind, actor, subjectType, subject, detail);
    }
  }

  /** A checkpoint as the server shows it ({@code GET /api/v1/audit/checkpoints}). */
  public record Checkpoint(long size, Digest root, String note) {}

  /**
   * What came out.
   *
   * @param facts how many facts were checked and fit, from the first
   * @param covered how many of them a checkpoint that holds covers
   * @param finding the first position that does not fit, or null when everything does
   * @param excluded what can have happened no more, a sentence each
   * @param notExcluded what this check could not exclude, a sentence each
   */
  public record Verdict(
      long facts,
      long covered,
      @Nullable Finding finding,
      List<String> excluded,
      List<String> notExcluded) {
    public Verdict {
      excluded = List.copyOf(excluded);
      notExcluded = List.copyOf(notExcluded);
    }

    public boolean ok() {
      return finding == null;
    }
  }

  /**
   * What does not fit.
   *
   * @param position the first position that does not fit, or that may be concerned where only a range is known
   * @param sentence for a reader
   */
  public record Finding(long position, Fault fault, String sentence) {}

  /** In what way a log does not fit. */
  public enum Fault {
    ALTERED,
    MISSING,
    REORDERED,
    ROOT_MISMATCH,
    BAD_CHECKPOINT,
    REWRITTEN,
    UNWITNESSED
  }
}

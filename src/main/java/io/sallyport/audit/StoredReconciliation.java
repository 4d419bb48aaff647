package io.sallyport.audit;

import io.quarkus.arc.All;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.LogName;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.SignedNote;
import io.sallyport.marks.Mark;
import io.sallyport.marks.Marks;
import io.sallyport.marks.MarksProblem;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reconciles in one transaction: what was lost of the log is checked against the signatures, against what this database
 * has, and against the marks, and put in its place; every owner brings its tables forward; and only then the complaints
 * are taken back, so that jobs go on. No signature is made in it.
 */
@Singleton
final class StoredReconciliation implements Reconciliation {
  /** Facts in memory at once; one may have 64 KiB. */
  private static final int AT_ONCE = 256;

  private static final int MOST_SUBJECTS = 100;
  /** One octet in serial numbers. */
  private static final int MOST_LOSSES = 255;

  /** As the sealer makes them. */
  private static final int MOST_UNDER_ONE = 4096;

  private final DataSource database;
  private final LogSigner signer;
  private final Marks marks;
  private final List<Replay> owners;
  private final FactTable facts;

  StoredReconciliation(
      DataSource database,
      LogSigner signer,
      Marks marks,
      @All List<Replay> owners,
      Clock clock,
      Ids ids) {
    this.database = database;
    this.signer = signer;
    this.marks = marks;
    this.owners = List.copyOf(owners);
    this.facts = new FactTable(clock, ids);
  }

  @Override
  public Gap gap() {
    return with(connection ->
        new Gap(ReconciliationTable.last(connection).size(), needed(marks.unmet(connection))));
  }

  private static long needed(List<Mark> unmet) {
    return unmet.stream().mapToLong(Mark::size).max().orElse(0);
  }

  @Override
  public void forget() {
    requireBehind();
    with(connection -> {
      connection.setAutoCommit(false);
      try {
        ReconciliationTable.requireTurn(connection);
        new LostFacts(connection).clear();
        connection.commit();
      } finally {
        undo(connection);
      }
      return connection;
    });
  }

  @Override
  public void bring(long after, List<byte[]> leaves, List<String> notes) {
    requireBehind();
    Map<Long, String> sizes = new TreeMap<>();
    notes.forEach(note -> sizes.put(signed(note).size(), note));
    for (int i = 0; i < leaves.size(); i++) {
      LostFacts.entry(after + i + 1, leaves.get(i));
    }
    with(connection -> {
      connection.setAutoCommit(false);
      try {
        new LostFacts(connection).bring(after, leaves, sizes);
        connection.commit();
      } finally {
        undo(connection);
      }
      return sizes;
    });
  }

  private void requireBehind() {
    Refusal refusal = marks.refusal();
    if (refusal == null || refusal.problem() != MarksProblem.BEHIND) {
      throw new Refusal(
          CommonProblem.CONFLICT, "This database is not behind its marks: nothing is to be done.");
    }
  }

  private MerkleCheckpoint signed(String text) {
    try {
      SignedNote note = SignedNote.parse(text);
      MerkleCheckpoint checkpoint = MerkleCheckpoint.parse(note.text());
      if (signer.signed(note)
          && LogName.origin(checkpoint.origin())
              .equals(LogName.origin(signer.key().name()))) {
        return checkpoint;
      }
    } catch (IllegalArgumentException e) {
      // Told below.
    }
    throw new Refusal(
        CommonProblem.INVALID,
        "A checkpoint in the export is not signed by the key of this log, " + signer.key() + ".");
  }

  @Override
  public Closed close(
      Actor by, boolean dryRun, @Nullable String lossAccepted, @Nullable Long brought) {
    requireBehind();
    Closed closed = with(connection -> {
      connection.setAutoCommit(false);
      try {
        Closed done = closed(connection, by, lossAccepted, brought);
        if (dryRun) {
          connection.rollback();
        } else {
          connection.commit();
        }
        return done;
      } finally {
        undo(connection);
      }
    });
    if (!dryRun) {
      marks.look();
    }
    return closed;
  }

  private Closed closed(
      Connection transaction, Actor by, @Nullable String lossAccepted, @Nullable Long brought)
      throws SQLException {
    ReconciliationTable.requireTurn(transaction);
    List<Mark> unmet = marks.unmet(transaction);
    LostFacts lost = new LostFacts(transaction);
    if (brought != null && brought != lost.last()) {
      throw new Refusal(
          CommonProblem.CONFLICT,
          "Somebody else brings an export at the same time: the one that is here reaches fact "
              + lost.last() + ". Agree on one, then begin again.");
    }
    MerkleFrontier tree = ReconciliationTable.last(transaction);
    long from = tree.size();
    long needed = needed(unmet);
    boolean reached = Math.max(from, lost.last()) >= needed;
    if (lossAccepted == null && !reached) {
      throw new Refusal(
          CommonProblem.INVALID,
          "The export reaches fact " + Math.max(from, lost.last()) + ", but " + needed
              + " were signed. Find a newer export: another node, an auditor, or a copy of the newest database may"
              + " have one. If there is none, accept the loss.");
    }
    if (lossAccepted != null && reached) {
      throw new Refusal(
          CommonProblem.CONFLICT, "Nothing is lost: reconcile without accepting a loss.");
    }
    for (Mark mark : unmet) {
      if (mark.size() > 0 && mark.size() <= from) {
        requireRoot(mark, ReconciliationTable.root(transaction, mark.size()));
      }
    }
    lost.unnumber(from);
    Tally tally = new Tally();
    for (LostFacts.Note note = lost.note(from); note != null; note = lost.note(tree.size())) {
      tree = under(transaction, lost, tree, note, unmet, tally);
    }
    ReconciliationTable.forward(transaction, unmet, tree.size());
    if (lossAccepted != null) {
      lose(transaction, by, lossAccepted, tree.size(), unmet);
    }
    List<Fact> further = further(transaction, by, unmet, from, tree, tally);
    facts.insert(transaction, further);
    lost.clear();
    return new Closed(from, tree.size(), tally.done, tally.byHand, tally.recorded + further.size());
  }

  private static void requireRoot(Mark mark, Digest root) {
    if (!Objects.equals(mark.root(), root)) {
      throw new Refusal(
          CommonProblem.INVALID,
          "The first " + mark.size()
              + " facts are not those that were signed: this database, or the export, is of another history.");
    }
  }

  /** The facts that one more checkpoint covers. */
  private MerkleFrontier under(
      Connection transaction,
      LostFacts lost,
      MerkleFrontier before,
      LostFacts.Note note,
      List<Mark> unmet,
      Tally tally)
      throws SQLException {
    MerkleCheckpoint checkpoint = signed(note.text());
    if (note.size() - before.size() > MOST_UNDER_ONE) {
      throw new Refusal(
          CommonProblem.INVALID,
          "A checkpoint between " + before.size() + " and " + note.size()
              + " facts was not brought; send all of the export.");
    }
    MerkleFrontier tree = before;
    List<byte[]> hashes = new ArrayList<>();
    Instant at = Instant.EPOCH;
    while (tree.size() < note.size()) {
      List<LogEntry> some = lost.facts(tree.size(), note.size(), AT_ONCE);
      for (LogEntry fact : some) {
        tree = tree.append(fact.hash());
        hashes.add(fact.hash().octets());
        at = fact.at();
        for (Mark mark : unmet) {
          if (mark.size() == tree.size()) {
            requireRoot(mark, tree.root());
          }
        }
      }
      lost.put(some);
      List<Fact> further = new ArrayList<>();
      for (LogEntry fact : some) {
        for (Replay owner : owners) {
          tally.count(fact, owner.replay(transaction, fact, further::add));
        }
      }
      facts.insert(transaction, further);
      tally.recorded += further.size();
    }
    if (!tree.root().equals(checkpoint.root())) {
      throw new Refusal(
          CommonProblem.INVALID,
          "Facts " + (before.size() + 1) + " to " + note.size()
              + " do not lead from this database's log to the root that was signed: the database is of another"
              + " history than the export, or the export was altered.");
    }
    ReconciliationTable.keep(
        transaction, before.size(), hashes, tree, at, SignedNote.parse(note.text()));
    return tree;
  }

  /** The first fact that the log signs under its next name. */
  private void lose(Connection transaction, Actor by, String reason, long size, List<Mark> unmet)
      throws SQLException {
    Mark highest = unmet.stream().max(Comparator.comparingLong(Mark::size)).orElseThrow();
    long losses = 1 + unmet.stream().mapToLong(Mark::losses).max().orElse(0);
    if (losses > MOST_LOSSES) {
      throw new Refusal(
          CommonProblem.CONFLICT, "A loss was accepted " + MOST_LOSSES + " times; no more are.");
    }
    String origin = LogName.origin(signer.key().name());
    UUID id = facts.insert(
        transaction,
        Fact.of("log.lost", by, "log", signer.key().name())
            .with("from", size + 1)
            .with("to", highest.size())
            .with("root", String.valueOf(highest.root()))
            .with("lists", highest.lists())
            .with("continues_as", LogName.of(origin, Math.toIntExact(losses)))
            .with("reason", reason));
    ReconciliationTable.lose(transaction, id, size + 1, losses);
  }

  private List<Fact> further(
      Connection transaction,
      Actor by,
      List<Mark> unmet,
      long from,
      MerkleFrontier tree,
      Tally tally)
      throws SQLException {
    Map<String, Long> lists = new HashMap<>();
    unmet.forEach(
        mark -> mark.lists().forEach((name, number) -> lists.merge(name, number, Math::max)));
    List<Fact> further = new ArrayList<>();
    further.add(Fact.of("log.reconciled", by, "log", signer.key().name())
        .with("from", from)
        .with("to", tree.size())
        .with("root", tree.root())
        .with("done", tally.done)
        .with("by_hand", tally.byHand));
    for (Replay owner : owners) {
      further.addAll(owner.end(transaction, by, lists));
    }
    return further;
  }

  @Override
  public void acceptClock(Actor by, String reason) {
    Refusal refusal = marks.refusal();
    if (refusal == null || refusal.problem() != MarksProblem.CLOCK) {
      throw new Refusal(CommonProblem.CONFLICT, "The clock is not behind what was signed.");
    }
    with(connection -> facts.insert(
        connection,
        Fact.of("clock.accepted", by, "log", signer.key().name())
            .with("was", refusal.detail())
            .with("reason", reason)));
    marks.acceptClock();
    marks.look();
  }

  private <T> T with(Work<T> work) {
    try (Connection connection = database.getConnection()) {
      return work.on(connection);
    } catch (SQLException e) {
      throw new IllegalStateException("the database could not be reconciled", e);
    }
  }

  private static void undo(Connection connection) throws SQLException {
    connection.rollback();
    connection.setAutoCommit(true);
  }

  /** What is done on one connection. */
  private interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  /** What became of the lost facts. */
  private static final class Tally {
    private final Map<String, Long> done = new TreeMap<>();
    private final Map<String, Set<String>> byHand = new TreeMap<>();
    private int recorded;

    void count(LogEntry fact, Replay.Effect effect) {
      switch (effect) {
        case NONE -> {}
        case DONE -> done.merge(fact.kind(), 1L, Long::sum);
        case BY_HAND -> {
          Set<String> subjects = byHand.computeIfAbsent(fact.kind(), kind -> new TreeSet<>());
          if (subjects.size() < MOST_SUBJECTS) {
            subjects.add(fact.subject());
          }
        }
      }
    }
  }
}

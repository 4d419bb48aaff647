package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The log, read back: numbered facts, and the signed checkpoints over them. */
public interface AuditLog {
  /** The priority at which sealing starts on {@code StartupEvent}. */
  int START = 1100;

  /** At most {@code limit} entries with a position above {@code after}, in order; the cursor is a position. */
  default Page<LogEntry> entries(long after, int limit) {
    return entries(after, limit, null, null);
  }

  /** The same, of one subject's id or one kind of fact only, where that is given. */
  Page<LogEntry> entries(long after, int limit, @Nullable String subject, @Nullable String kind);

  /** The newest first, with a position below {@code before}; the cursor is a position. */
  Page<LogEntry> newest(long before, int limit, @Nullable String subject, @Nullable String kind);

  /** The numbered fact at this position. */
  Optional<LogEntry> entry(long position);

  /** The leaf hashes of sealed facts with a position above {@code after}, in order, of dropped ones too. */
  Page<Leaf> leaves(long after, int limit);

  /** What the tree has of a fact for ever. */
  record Leaf(long position, Digest hash) {}

  /** At most {@code limit} signed checkpoints of a size above {@code afterSize}, in order; the cursor is a size. */
  Page<Checkpoint> checkpoints(long afterSize, int limit);

  /** The signed checkpoint that covers most. */
  Optional<Checkpoint> latest();

  /** The key that signs the checkpoints, as a C2SP verifier key {@code name+id+key}; made when there is none yet. */
  String verifierKey();

  /**
   * Waits until everything committed so far is numbered and sealed, and gives the checkpoint; empty when the log is.
   * Refuses with {@code unavailable} when that takes more than ten seconds.
   */
  Optional<Checkpoint> sealNow();
}

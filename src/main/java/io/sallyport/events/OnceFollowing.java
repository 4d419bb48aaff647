package io.sallyport.events;

import io.sallyport.audit.JobLease;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Confirmation;
import io.sallyport.events.Changes.Follower;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Gives changes to a follower on whichever node holds the job; the job's mark is the position that was given last. */
final class OnceFollowing implements SingleWriterJob.Step {
  /** Changes a call. */
  private static final int BATCH = 1000;

  /** Between two rounds while changes keep coming: a round costs its reading and a commit, however few it gives. */
  private static final Duration REST = Duration.ofMillis(50);

  private final Changes changes;
  private final RecentChanges recent;
  private final Follower follower;
  private long epoch;
  /** Whether a mark is on the disk: without one the job would begin with what comes then. */
  private boolean founded;

  private long position;
  private @Nullable Confirmation told;
  private long ended = System.nanoTime() - REST.toNanos();

  OnceFollowing(Changes changes, RecentChanges recent, Follower follower) {
    this.changes = changes;
    this.recent = recent;
    this.follower = follower;
  }

  @Override
  public boolean run(JobLease lease) throws SQLException {
    if (lease.epoch() != epoch) {
      position = lease.write((transaction, mark) -> {
        founded = mark > 0;
        return mark == 0 ? changes.position() : mark;
      });
      epoch = lease.epoch();
      told = null;
    }
    if (position < recent.state().position()) {
      rest();
    }
    RecentChanges.State state = recent.state();
    if (position < state.position()) {
      List<Change> next = changes.after(position, BATCH);
      if (!next.isEmpty()) {
        follower.changed(next);
        advance(lease, next.getLast().position());
        ended = System.nanoTime();
      }
    }
    Confirmation confirmation = state.confirmation();
    if (confirmation != null && confirmation != told && position >= confirmation.position()) {
      follower.confirmed(confirmation.at());
      told = confirmation;
    }
    return position < state.position();
  }

  /** Ended by nothing but time or an interrupt, as whoever wakes the job means the next change. */
  private void rest() {
    long left = REST.toNanos() - (System.nanoTime() - ended);
    while (left > 0 && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(this, left);
      left = REST.toNanos() - (System.nanoTime() - ended);
    }
  }

  private void advance(JobLease lease, long given) throws SQLException {
    if (founded) {
      lease.note(given);
    } else {
      lease.write((transaction, mark) -> given);
      founded = true;
    }
    position = given;
  }
}

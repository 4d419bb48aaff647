package io.sallyport.events;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.FactRecorded;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.marks.Marks;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Runs the {@link Sequencer} while the server runs: woken by each commit on this node, and looking by itself often
 * enough that what another node commits is numbered within 50 ms as well. Reads what was numbered, on whichever node,
 * and gives it to those who follow.
 */
@Singleton
final class Sequencing implements Changes {
  private static final Duration INTERVAL = Duration.ofMillis(40);
  private static final Duration ONCE_INTERVAL = Duration.ofMillis(500);
  /** How long one call of a follower may take before another node may take over. */
  private static final Duration ONCE_LEASE = Duration.ofSeconds(20);

  private final DataSource database;
  private final FactFeed feed;
  private final SingleWriterJob job;
  private final RecentChanges recent = new RecentChanges();
  private final FeedWatch watch;
  private final Set<Following> followings = ConcurrentHashMap.newKeySet();

  Sequencing(DataSource database, Clock clock, Marks marks) {
    this.database = database;
    this.feed = new FactFeed(database);
    this.job = new SingleWriterJob(
        Sequencer.JOB, database, INTERVAL, new Sequencer(marks, new WaitingLeftovers(database)));
    this.watch = new FeedWatch(database, clock, recent, marks);
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    job.start();
    watch();
  }

  void stop(@Observes @Priority(Integer.MAX_VALUE) ShutdownEvent event) {
    close();
    job.close();
  }

  /** What a node does that numbers nothing. */
  void watch() {
    watch.start();
  }

  void close() {
    List.copyOf(followings).forEach(Following::close);
    watch.close();
  }

  void wake(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    job.wake();
  }

  @Override
  public long position() {
    return feed.position();
  }

  @Override
  public List<Change> after(long position, int limit) {
    return recent.after(position, limit).orElseGet(() -> feed.after(position, limit));
  }

  @Override
  public @Nullable Confirmation confirmed() {
    return recent.state().confirmation();
  }

  @Override
  public Following follow(String name, long position, Follower follower) {
    FeedFollowing following =
        new FeedFollowing(name, this, recent, position, follower, followings::remove);
    followings.add(following);
    following.start();
    return following;
  }

  @Override
  public Following followOnce(String name, Follower follower) {
    SingleWriterJob once = new SingleWriterJob(
        name, database, ONCE_INTERVAL, ONCE_LEASE, new OnceFollowing(this, recent, follower));
    once.start();
    Following waking = follow("wake-" + name, recent.state().position(), changes -> once.wake());
    Following following = new Following() {
      @Override
      public void close() {
        followings.remove(this);
        waking.close();
        once.close();
      }
    };
    followings.add(following);
    return following;
  }
}

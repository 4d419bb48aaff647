package io.sallyport.audit;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Metrics;
import java.lang.management.ManagementFactory;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A job that only one node does at a time, in a thread of its own: takes the {@link JobLease}, then repeats its step.
 * Goes on by itself after a lost database or lease, and says so once. Any thread may wake it.
 */
public final class SingleWriterJob implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(SingleWriterJob.class);
  private static final Duration STANDBY = Duration.ofMillis(250);
  private static final Duration FIRST_RETRY = Duration.ofMillis(50);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(2);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(5);

  private final String job;
  private final JobLease lease;
  private final Duration interval;
  private final Step step;
  private final Thread thread;
  private Duration retry = Duration.ZERO;
  private volatile boolean running = true;
  private volatile boolean holding;
  private @Nullable Meter meter;

  /** @param interval the longest pause between two steps, well under three seconds */
  public SingleWriterJob(String job, DataSource database, Duration interval, Step step) {
    this(job, database, interval, JobLease.USUAL, step);
  }

  /** @param lease after how long another node takes over from one that stands still; longer than the longest step */
  public SingleWriterJob(
      String job, DataSource database, Duration interval, Duration lease, Step step) {
    this.job = job;
    this.lease =
        new JobLease(database, job, ManagementFactory.getRuntimeMXBean().getName(), lease);
    this.interval = interval;
    this.step = step;
    this.thread = Thread.ofPlatform().daemon().name("sallyport-" + job).unstarted(this::run);
  }

  public void start() {
    meter = Gauge.builder("sallyport.job.held", this, one -> one.holding ? 1 : 0)
        .description("Whether this node does a job that one node does at a time")
        .tag("job", job)
        .register(Metrics.globalRegistry);
    thread.start();
  }

  /** Ends the pause between two steps; never waits. */
  public void wake() {
    LockSupport.unpark(thread);
  }

  /** Stops after the step under way and gives the lease up; nothing when it never began. */
  @Override
  public void close() {
    running = false;
    wake();
    if (meter != null) {
      Metrics.globalRegistry.remove(meter);
    }
    if (thread.getState() == Thread.State.NEW) {
      return;
    }
    try {
      thread.join(LONGEST_STOP);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (running) {
      try {
        boolean mine = lease.take();
        holding = mine;
        boolean more = mine && step.run(lease);
        recovered();
        if (!mine) {
          pauseWhole(STANDBY);
        } else if (!more) {
          LockSupport.parkNanos(this, interval.toNanos());
        }
      } catch (JobLease.LostLeaseException e) {
        lease.close();
        holding = false;
        LOG.infof("Another node does the job '%s' now.", job);
        pauseWhole(STANDBY);
      } catch (SQLException | RuntimeException | Error e) {
        // An error too: a job that ends silently is missed by nobody until it is too late.
        lease.close();
        holding = false;
        failed(e);
        pauseWhole(retry);
      }
    }
    lease.close();
  }

  private void failed(Throwable e) {
    if (retry.isZero()) {
      LOG.warnf("The job '%s' is held up and will be tried again: %s", job, e.getMessage());
      LOG.debug("Why the job is held up", e);
      retry = FIRST_RETRY;
    } else {
      retry = retry.multipliedBy(2).compareTo(LONGEST_RETRY) < 0
          ? retry.multipliedBy(2)
          : LONGEST_RETRY;
    }
  }

  private void recovered() {
    if (!retry.isZero()) {
      LOG.infof("The job '%s' goes on.", job);
      retry = Duration.ZERO;
    }
  }

  /** A pause that a wake does not end, so that commits on a node that stands by do not become a storm of attempts. */
  private void pauseWhole(Duration pause) {
    long end = System.nanoTime() + pause.toNanos();
    for (long left = pause.toNanos(); running && left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(this, left);
    }
  }

  /** One round of the job. */
  public interface Step {
    /** Answers whether there is more to do at once. */
    boolean run(JobLease lease) throws SQLException;
  }
}

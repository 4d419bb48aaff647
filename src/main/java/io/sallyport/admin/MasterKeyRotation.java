package io.sallyport.admin;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.audit.JobLease;
import io.sallyport.kernel.Actor;
import io.sallyport.keys.MasterKeyChange;
import io.sallyport.keys.MasterKeys;
import io.sallyport.keys.MasterKeys.Standing;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.transaction.Transactional;
import java.lang.management.ManagementFactory;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jboss.logging.Logger;

/**
 * The change of the master key while the server runs: the keys are read again, and what is stored is sealed again by one
 * node at a time. What a crash leaves is taken up by {@link #goOn}.
 */
@ApplicationScoped
public class MasterKeyRotation {
  private static final Logger LOG = Logger.getLogger(MasterKeyRotation.class);
  private static final String JOB = "master-key";
  /** A batch takes well under a second. */
  private static final Duration LEASE = Duration.ofSeconds(30);

  private final ReentrantLock one = new ReentrantLock();
  private final MasterKeys keys;
  private final Audit audit;
  private final DataSource database;

  MasterKeyRotation(MasterKeys keys, Audit audit, DataSource database) {
    this.keys = keys;
    this.audit = audit;
    this.database = database;
  }

  /**
   * Takes up the master keys as they are now and seals everything again in the background, values of the former format
   * too. Refuses with {@code master-key}; then nothing has changed.
   */
  public Standing begin() {
    keys.read();
    Thread.ofPlatform().daemon().name("sallyport-" + JOB).start(() -> reseal(true));
    return keys.standing();
  }

  /** Called from time to time: reads the keys again and ends what was begun, here or on another node. */
  public void goOn() {
    keys.read();
    reseal(false);
  }

  /** That somebody asked for it; in the caller's transaction or one of its own. */
  @Transactional
  public void asked(Actor actor) {
    audit.record(Fact.of("master-key.rotation-asked", actor, "master-key", "all"));
  }

  private void reseal(boolean all) {
    if (!one.tryLock()) {
      return;
    }
    try (JobLease lease =
        new JobLease(database, JOB, ManagementFactory.getRuntimeMXBean().getName(), LEASE)) {
      if (all || keys.unfinished()) {
        keys.reseal(() -> mine(lease));
      }
    } catch (RuntimeException failure) {
      LOG.warnf("Sealing under the new master key goes on later: %s", failure.getMessage());
    } finally {
      one.unlock();
    }
  }

  private static boolean mine(JobLease lease) {
    try {
      return lease.take();
    } catch (SQLException e) {
      throw new IllegalStateException("the right to seal again cannot be had", e);
    }
  }

  void record(@Observes MasterKeyChange change) {
    audit.record(
        switch (change) {
          case MasterKeyChange.Current current -> {
            Fact fact = fact("master-key.current", current.id());
            yield current.former() == null ? fact : fact.with("former", current.former());
          }
          case MasterKeyChange.Resealed resealed ->
            fact("master-key.resealed", resealed.id())
                .with("column", resealed.column())
                .with("values", resealed.values());
          case MasterKeyChange.Retired retired ->
            fact("master-key.retired", retired.id()).with("unreadable", retired.unreadable());
        });
  }

  private static Fact fact(String kind, String id) {
    return Fact.of(kind, Actor.SERVER, "master-key", id);
  }
}

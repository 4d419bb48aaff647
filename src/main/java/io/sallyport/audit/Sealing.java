package io.sallyport.audit;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.kernel.LogName;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.SignedNote;
import io.sallyport.keys.KeyHandle;
import io.sallyport.marks.Marks;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Runs the {@link Sealer} every second while the server runs, and answers from the {@link SealedLog}. */
@Singleton
final class Sealing implements AuditLog, LogSigner {
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  private final LogKey logKey;
  private final Marks marks;
  private final SealedLog log;
  private final SingleWriterJob job;
  private volatile @Nullable KeyHandle handle;

  Sealing(DataSource database, LogKey logKey, Clock clock, Marks marks) {
    this.logKey = logKey;
    this.marks = marks;
    this.log = new SealedLog(database);
    this.job = new SingleWriterJob(Sealer.JOB, database, INTERVAL, new Sealer(this, clock, marks));
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    job.start();
  }

  void stop(@Observes @Priority(Integer.MAX_VALUE) ShutdownEvent event) {
    job.close();
  }

  @Override
  public Page<LogEntry> entries(
      long after, int limit, @Nullable String subject, @Nullable String kind) {
    return log.entries(after, limit, subject, kind);
  }

  @Override
  public Page<LogEntry> newest(
      long before, int limit, @Nullable String subject, @Nullable String kind) {
    return log.newest(before, limit, subject, kind);
  }

  @Override
  public Optional<LogEntry> entry(long position) {
    return log.entry(position);
  }

  @Override
  public Page<Leaf> leaves(long after, int limit) {
    return log.leaves(after, limit);
  }

  @Override
  public Page<Checkpoint> checkpoints(long afterSize, int limit) {
    return log.checkpoints(afterSize, limit);
  }

  @Override
  public Optional<Checkpoint> latest() {
    return log.latest();
  }

  @Override
  public String verifierKey() {
    return key().toString();
  }

  @Override
  public Optional<Checkpoint> sealNow() {
    return log.awaitSealed(job::wake);
  }

  @Override
  public SignedNote.VerifierKey key() {
    SignedNote.VerifierKey key = logKey.named(handle());
    return key.as(LogName.of(key.name(), marks.losses()));
  }

  @Override
  public byte[] sign(byte[] text) {
    return logKey.sign(handle(), text);
  }

  private KeyHandle handle() {
    KeyHandle known = handle;
    if (known == null) {
      known = logKey.handle();
      handle = known;
    }
    return known;
  }
}

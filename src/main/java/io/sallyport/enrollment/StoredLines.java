package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.devices.Batch;
import io.sallyport.devices.BatchProblem;
import io.sallyport.devices.Batches;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.BulkIssuance;
import io.sallyport.pki.Credentials;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Opens streams; what they share is how many blocks are made at once. */
@ApplicationScoped
class StoredLines implements LineIssuance {
  /** One waits for the disk while others compute; each holds two database connections at most. */
  private static final int BLOCKS_AT_ONCE = 4;

  private final Semaphore places = new Semaphore(BLOCKS_AT_ONCE);
  private final Batches batches;
  private final Devices devices;
  private final BulkIssuance bulk;
  private final Credentials credentials;
  private final Allowances allowances;
  private final ProfiledNames names;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredLines(
      Batches batches,
      Devices devices,
      BulkIssuance bulk,
      Credentials credentials,
      Allowances allowances,
      ProfiledNames names,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.batches = batches;
    this.devices = devices;
    this.bulk = bulk;
    this.credentials = credentials;
    this.allowances = allowances;
    this.names = names;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Stream open(
      Batch batch,
      @Nullable String station,
      Actor actor,
      Runnable standing,
      Consumer<Answer> answers) {
    if (batch.state() != Batch.State.OPEN) {
      throw new Refusal(BatchProblem.BATCH_CLOSED, "The batch takes nothing more.");
    }
    LineRefusals refusals = new LineRefusals(batches, audit, clock, batch.id(), station, actor);
    return new LineStream(
        new LineBlock(
            places,
            batches,
            devices,
            bulk,
            credentials,
            allowances,
            names,
            ids,
            clock,
            batch,
            station,
            actor,
            standing),
        refusals,
        answers);
  }
}

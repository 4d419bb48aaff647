package io.sallyport.enrollment;

import io.sallyport.enrollment.LineIssuance.Answer;
import io.sallyport.enrollment.LineIssuance.Row;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.BulkIssuance;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/** Makes blocks of what is at hand, some at a time: while one is computed, others wait for the database and its disk. */
final class LineStream implements LineIssuance.Stream {
  private static final Logger LOG = Logger.getLogger(LineStream.class);
  private static final int WORKERS = 4;
  private static final int MOST_WAITING = 4 * BulkIssuance.MOST;

  /** Empty: nothing comes any more. */
  private final BlockingQueue<Optional<Row>> waiting = new LinkedBlockingQueue<>(MOST_WAITING);

  private final List<Thread> workers = new ArrayList<>();
  private final LineBlock block;
  private final LineRefusals refusals;
  private final Consumer<Answer> answers;

  LineStream(LineBlock block, LineRefusals refusals, Consumer<Answer> answers) {
    this.block = block;
    this.refusals = refusals;
    this.answers = answers;
    for (int i = 0; i < WORKERS; i++) {
      workers.add(Thread.ofVirtual().name("line").start(this::work));
    }
  }

  @Override
  public void offer(Row row) {
    put(Optional.of(row));
  }

  private void put(Optional<Row> row) {
    try {
      waiting.put(row);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ending();
    }
  }

  private static Refusal ending() {
    return new Refusal(CommonProblem.UNAVAILABLE, "The server ends; send the row again.");
  }

  @Override
  public void close() {
    put(Optional.empty());
    try {
      for (Thread worker : workers) {
        worker.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ending();
    } finally {
      refusals.close();
    }
  }

  private void work() {
    List<Optional<Row>> taken = new ArrayList<>();
    boolean last = false;
    while (!last) {
      taken.clear();
      try {
        taken.add(waiting.take());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      waiting.drainTo(taken, BulkIssuance.MOST - 1);
      List<Row> rows = taken.stream().flatMap(Optional::stream).toList();
      last = rows.size() < taken.size();
      if (last) {
        // For the other worker: it is the last in the queue, so there is room.
        waiting.add(Optional.empty());
      }
      if (!rows.isEmpty()) {
        answer(rows);
      }
    }
  }

  private void answer(List<Row> rows) {
    try {
      block.answer(rows, this::tell);
    } catch (RuntimeException failure) {
      LOG.error("rows of a line could not be answered", failure);
      rows.forEach(row -> tell(new Answer.Refused(
          row.key(),
          new Refusal(CommonProblem.INTERNAL, "Something went wrong; send the row again."))));
    }
  }

  private void tell(Answer answer) {
    if (answer instanceof Answer.Refused refused) {
      refused(refused);
    }
    answers.accept(answer);
  }

  @Override
  public void refused(Answer.Refused refused) {
    try {
      refusals.record(refused);
    } catch (RuntimeException unrecorded) {
      LOG.warnf("A refusal to a line could not be recorded: %s", unrecorded.getMessage());
    }
  }
}

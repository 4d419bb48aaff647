package io.sallyport.door;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.devices.Batch;
import io.sallyport.devices.BatchProblem;
import io.sallyport.devices.Batches;
import io.sallyport.devices.Batches.Imported;
import io.sallyport.devices.Batches.Listed;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;

/**
 * A file of devices for a batch: CSV with a header, or a JSON object a line. It is read to its end, and found to be whole,
 * before anything is registered; then it is registered some thousand rows at a time and every row is told what became of
 * it. What a crash leaves half done, the same file completes. Memory does not grow with the rows.
 */
@Singleton
public final class ImportRows {
  /** A file that stands still keeps its place from others. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final int TOGETHER = 5_000;
  /** Each has a file as long as what it reads. */
  private static final int AT_ONCE = 2;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Semaphore places = new Semaphore(AT_ONCE);
  private final Batches batches;
  private final Ids ids;
  private final SecureRandom random;

  ImportRows(Batches batches, Ids ids, SecureRandom random) {
    this.batches = batches;
    this.ids = ids;
    this.random = random;
  }

  /** Serves the import to its end. Refuses with {@code invalid-row} what is not whole; then nothing was registered. */
  public void serve(RowExchange exchange, Batch batch, boolean csv, Actor actor) {
    UUID name = ids.next();
    serve(
        exchange,
        batch,
        csv,
        "registered",
        (rows, registered) -> batches.register(batch.id(), name, rows, actor));
  }

  /** Says of every row what would become of it, and changes nothing; what would be registered is {@code new}. */
  public void check(RowExchange exchange, Batch batch, boolean csv) {
    serve(exchange, batch, csv, "new", (rows, fresh) -> batches.check(batch.id(), rows, fresh));
  }

  private interface Work {
    /** @param before how many rows of the file were taken before these */
    List<Imported> on(List<Listed> rows, int before);
  }

  private void serve(RowExchange exchange, Batch batch, boolean csv, String taken, Work work) {
    if (!places.tryAcquire()) {
      throw new Refusal(
          BatchProblem.BATCH_BUSY, "Other files are being imported; send this one in a moment.");
    }
    try (ImportStage stage = new ImportStage(batches, batch, csv, random)) {
      exchange.read(stage, PATIENCE);
      if (!exchange.isGone()) {
        stage.complete();
        exchange.begin();
        apply(exchange, stage, new Report(exchange, taken, work), batch);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      exchange.abort();
    } finally {
      places.release();
    }
  }

  private void apply(RowExchange exchange, ImportStage stage, Report report, Batch batch)
      throws IOException {
    try {
      stage.read(report);
      report.flush();
    } catch (Refusal refusal) {
      exchange.write(JSON.createObjectNode()
          .put("status", "ended")
          .put("problem", refusal.problem().slug())
          .put("detail", refusal.detail())
          .toString());
    } catch (RuntimeException failure) {
      exchange.abort();
      throw failure;
    }
    if (report.refused > 0 && report.taken.equals("registered")) {
      batches.refused(batch.id(), report.refused);
    }
    ObjectNode last = JSON.createObjectNode();
    last.putObject("done")
        .put(report.taken, report.took)
        .put("exists", report.existed)
        .put("refused", report.refused);
    exchange.write(last.toString());
    exchange.end();
  }

  /** Takes rows some thousand at a time, and tells each what became of it. */
  private static final class Report implements ImportStage.Rows {
    private final RowExchange exchange;
    private final String taken;
    private final Work work;
    private final List<Listed> rows = new ArrayList<>(TOGETHER);
    private int took;
    private long existed;
    private long refused;

    Report(RowExchange exchange, String taken, Work work) {
      this.exchange = exchange;
      this.taken = taken;
      this.work = work;
    }

    @Override
    public void row(Listed row) {
      rows.add(row);
      if (rows.size() == TOGETHER) {
        flush();
      }
    }

    void flush() {
      if (rows.isEmpty()) {
        return;
      }
      for (Imported imported : work.on(rows, took)) {
        Listed row = imported.row();
        Refusal refusal = imported.refusal();
        if (refusal != null) {
          fault(row.line(), row.key(), refusal.problem().slug(), refusal.detail());
        } else if (imported.existed()) {
          existed++;
          write(line(row.line(), row.key(), "exists"));
        } else {
          took++;
          write(line(row.line(), row.key(), taken));
        }
      }
      rows.clear();
    }

    @Override
    public void fault(long number, String key, String problem, String detail) {
      refused++;
      write(line(number, key, "refused").put("problem", problem).put("detail", detail));
    }

    private static ObjectNode line(long number, String key, String status) {
      return JSON.createObjectNode().put("line", number).put("row", key).put("status", status);
    }

    private void write(ObjectNode line) {
      exchange.write(line.toString());
    }
  }
}

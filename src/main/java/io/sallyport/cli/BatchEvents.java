package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Follows a batch by its server-sent events (WHATWG HTML §9.2) until it is closed. */
final class BatchEvents {
  /** What a stream that ends at once may do so often: a server ends each after some minutes. */
  private static final int MOST_EMPTY = 3;
  /** Of a server that sends a heartbeat every quarter of a minute. */
  private static final Duration SILENT = Duration.ofSeconds(50);

  private final ApiClient api;
  private final String path;

  BatchEvents(ApiClient api, String path) {
    this.api = api;
    this.path = path;
  }

  /** Gives each state to {@code each}, and answers the last, when the batch is closed. */
  JsonNode follow(Consumer<JsonNode> each) {
    int empty = 0;
    while (empty < MOST_EMPTY) {
      int heard = 0;
      try (Silence silence = new Silence(api.events(path))) {
        String name = "message";
        BufferedReader lines = silence.lines;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          silence.heard = System.nanoTime();
          if (line.startsWith("event:")) {
            name = line.substring("event:".length()).strip();
          } else if (line.startsWith("data:")) {
            heard++;
            JsonNode data = Json.lenient(line.substring("data:".length()));
            if (data.has("state")) {
              each.accept(data);
            }
            if (name.equals("closed")) {
              return data;
            }
          }
        }
      } catch (IOException e) {
        throw cut();
      }
      // Ended in good order: asked for again.
      empty = heard > 1 ? 0 : empty + 1;
    }
    throw cut();
  }

  /** Closes a stream that says nothing for too long: the connection is dead, whatever TCP thinks. */
  private static final class Silence implements AutoCloseable {
    private final BufferedReader lines;
    private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name("batch-watch").factory());
    private volatile long heard = System.nanoTime();

    Silence(InputStream stream) {
      lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
      watch.scheduleWithFixedDelay(
          () -> {
            if (System.nanoTime() - heard > SILENT.toNanos()) {
              end(stream);
            }
          },
          1,
          1,
          TimeUnit.SECONDS);
    }

    private static void end(InputStream stream) {
      try {
        stream.close();
      } catch (IOException e) {
        // It is gone, which is what was wanted.
      }
    }

    @Override
    public void close() throws IOException {
      watch.shutdownNow();
      lines.close();
    }
  }

  private static Failure cut() {
    return new Failure(
        ExitCode.UNREACHABLE, "The server tells nothing more; call the same command again.");
  }
}

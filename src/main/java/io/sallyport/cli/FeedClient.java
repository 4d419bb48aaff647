package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A point's feed over mutual TLS: server-sent events (WHATWG HTML §9.2), resumable by cursor. */
final class FeedClient implements AutoCloseable {
  /** The largest snapshot that a server gives out is smaller. */
  private static final int LONGEST_LINE = 64 << 20;

  /** Heartbeats come every few seconds; without any the connection is dead, whatever TCP thinks. */
  private static final Duration SILENT = Duration.ofSeconds(10);

  private final URI base;
  private final Web web;
  private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("feed-watch").factory());

  /** @param id the cursor as of this event, or null */
  record Event(String name, @Nullable String id, JsonNode data) {}

  FeedClient(URI server, Web web, String point) {
    this.base = server.resolve("/feed/v1/" + ApiClient.encode(point) + "/");
    this.web = web;
  }

  /** Gives every event to {@code each}, after {@code cursor} where there is one, until the connection ends. */
  void follow(@Nullable String cursor, Consumer<Event> each) {
    var request =
        Web.to(base.resolve("changes")).header("Accept", "text/event-stream").GET();
    if (cursor != null) {
      request.header("Last-Event-ID", cursor);
    }
    try (InputStream stream = web.open(request.build())) {
      read(stream, each);
    } catch (IOException e) {
      throw new Failure(ExitCode.UNREACHABLE, "The feed broke off: " + e.getMessage() + ".");
    }
  }

  private void read(InputStream stream, Consumer<Event> each) throws IOException {
    long[] heard = {System.nanoTime()};
    var dead = watch.scheduleWithFixedDelay(
        () -> {
          if (System.nanoTime() - heard[0] > SILENT.toNanos()) {
            close(stream);
          }
        },
        1,
        1,
        TimeUnit.SECONDS);
    try (InputStream buffered = new BufferedInputStream(stream, 1 << 16)) {
      String name = "message";
      String id = null;
      StringBuilder data = new StringBuilder();
      for (String line = line(buffered); line != null; line = line(buffered)) {
        heard[0] = System.nanoTime();
        if (line.isEmpty()) {
          if (!data.isEmpty()) {
            each.accept(
                new Event(name, id, Json.read(data.toString().getBytes(StandardCharsets.UTF_8))));
          }
          name = "message";
          id = null;
          data.setLength(0);
        } else if (line.startsWith("event: ")) {
          name = line.substring("event: ".length());
        } else if (line.startsWith("id: ")) {
          id = line.substring("id: ".length());
        } else if (line.startsWith("data: ")) {
          data.append(line, "data: ".length(), line.length());
        }
      }
    } finally {
      dead.cancel(false);
    }
  }

  private static @Nullable String line(InputStream stream) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = stream.read(); next != '\n'; next = stream.read()) {
      if (next < 0) {
        return null;
      }
      if (line.size() >= LONGEST_LINE) {
        throw new IOException("a line of the feed is longer than anything that it may hold");
      }
      line.write(next);
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  private static void close(InputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      // It is gone, which is what was wanted.
    }
  }

  /** Says that everything up to {@code position} is enforced. */
  void acknowledge(long position) {
    web.send(Web.to(base.resolve("acknowledgements"))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofByteArray(Json.octets(Json.object().put("position", position))))
            .build())
        .orFail();
  }

  @Override
  public void close() {
    watch.shutdownNow();
    web.close();
  }
}

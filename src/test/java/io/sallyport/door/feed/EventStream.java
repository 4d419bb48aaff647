package io.sallyport.door.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.testing.Patience;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.Wire;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A consumer of a feed, as anybody would write it: lines of an HTTP answer that does not end. */
final class EventStream implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient client;
  private final InputStream stream;
  private final List<Event> events = new CopyOnWriteArrayList<>();
  private volatile boolean ended;

  record Event(String name, @Nullable String id, JsonNode data) {}

  private EventStream(HttpClient client, InputStream stream) {
    this.client = client;
    this.stream = stream;
    Thread.ofVirtual().start(this::read);
  }

  /** @param after the cursor to go on from, or null */
  static EventStream open(Wire wire, Identity point, String name, @Nullable String after) {
    HttpClient client = wire.client(point);
    HttpRequest.Builder request = wire.device("/feed/v1/" + name + "/changes").GET();
    if (after != null) {
      request.header("Last-Event-ID", after);
    }
    try {
      HttpResponse<InputStream> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      if (response.statusCode() != 200) {
        throw new AssertionError("changes gave " + response.statusCode() + ": "
            + new String(response.body().readAllBytes(), StandardCharsets.UTF_8));
      }
      return new EventStream(client, response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
      String name = "";
      String id = null;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("event: ")) {
          name = line.substring(7);
        } else if (line.startsWith("id: ")) {
          id = line.substring(4);
        } else if (line.startsWith("data: ")) {
          events.add(new Event(name, id, JSON.readTree(line.substring(6))));
          id = null;
        }
      }
    } catch (IOException cut) {
      // That is what ended it.
    }
    ended = true;
  }

  boolean ended() {
    return ended;
  }

  List<Event> events() {
    return List.copyOf(events);
  }

  /** The first event that fits; waits for it. */
  Event await(String what, Predicate<Event> fits) {
    return Patience.until(what, () -> events.stream().filter(fits).findFirst());
  }

  Event await(String name) {
    return await("an event " + name, event -> event.name().equals(name));
  }

  /** The last id that came. */
  String cursor() {
    return events.stream()
        .map(Event::id)
        .flatMap(id -> Optional.ofNullable(id).stream())
        .reduce((before, after) -> after)
        .orElseThrow();
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }
}

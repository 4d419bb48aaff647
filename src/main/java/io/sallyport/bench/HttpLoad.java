package io.sallyport.bench;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 client that costs as little as it can, so that what is measured is the server: requests that are encoded
 * already, on kept connections, each sent when the answer before it was read to its end. Fails with what it got when that is
 * not 200, and when an answer does not come.
 */
final class HttpLoad implements AutoCloseable {
  private static final String STATUS = "HTTP/1.1 200 ";
  private static final String LENGTH = "\ncontent-length: ";
  private static final String END = "\r\n\r\n";

  /** For handshakes, and for the last answers. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Vertx vertx;
  /** One a connection. */
  private final List<NetClient> clients;

  HttpLoad(Vertx vertx, int connections) {
    this(vertx, connections, new NetClientOptions());
  }

  /** With a certificate of its own, or over TLS. */
  HttpLoad(Vertx vertx, int connections, NetClientOptions options) {
    this.vertx = vertx;
    this.clients = Collections.nCopies(connections, vertx.createNetClient(options));
  }

  /** Each connection with another certificate. */
  HttpLoad(Vertx vertx, List<NetClientOptions> options) {
    this.vertx = vertx;
    this.clients = options.stream().map(vertx::createNetClient).toList();
  }

  /** Answers a second, from when all connections stand. */
  double rate(URI server, List<Buffer> requests, Duration time) throws Exception {
    List<One> all = connected(server, clients, requests);
    AtomicLong done = new AtomicLong();
    long start = System.nanoTime();
    all.forEach(one -> one.begin(start + time.toNanos(), done));
    over(all, time.plus(PATIENCE));
    return done.get() * 1e9 / (System.nanoTime() - start);
  }

  /** The body of the answer to this request. */
  Buffer answer(URI server, Buffer request) throws Exception {
    List<One> one = connected(server, clients.subList(0, 1), List.of(request));
    one.getFirst().begin(System.nanoTime(), new AtomicLong());
    over(one, PATIENCE);
    return one.getFirst().body;
  }

  private static List<One> connected(URI server, List<NetClient> clients, List<Buffer> requests)
      throws Exception {
    List<CompletableFuture<One>> opening = new ArrayList<>();
    for (NetClient client : clients) {
      int first = opening.size() * 31;
      opening.add(client
          .connect(server.getPort(), server.getHost())
          .map(socket -> new One(socket, requests, first))
          .toCompletionStage()
          .toCompletableFuture());
    }
    CompletableFuture.allOf(opening.toArray(CompletableFuture[]::new))
        .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    return opening.stream().map(CompletableFuture::join).toList();
  }

  /** Until all have come to their end, or one has failed. */
  private static void over(List<One> all, Duration longest) throws Exception {
    CompletableFuture<Void> over = CompletableFuture.allOf(
        all.stream().map(one -> one.over).toArray(CompletableFuture[]::new));
    all.forEach(one -> one.over.exceptionally(failure -> {
      over.completeExceptionally(failure);
      return null;
    }));
    try {
      over.get(longest.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      throw new IllegalStateException(
          all.stream().filter(one -> !one.over.isDone()).count() + " of " + all.size()
              + " connections got no answer within " + longest.toSeconds() + " s",
          late);
    } finally {
      all.forEach(One::close);
    }
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  /** One connection. */
  private static final class One {
    final CompletableFuture<Void> over = new CompletableFuture<>();
    private final NetSocket socket;
    private final List<Buffer> requests;
    private int next;
    private long end;
    private AtomicLong done = new AtomicLong();
    private @Nullable Buffer part;
    private Buffer body = Buffer.buffer();

    One(NetSocket socket, List<Buffer> requests, int first) {
      this.socket = socket;
      this.requests = requests;
      this.next = first;
      socket.handler(octets -> {
        try {
          read(octets);
        } catch (RuntimeException failure) {
          over.completeExceptionally(failure);
        }
      });
      socket.exceptionHandler(over::completeExceptionally);
      socket.closeHandler(closed ->
          over.completeExceptionally(new IllegalStateException("the server closed a connection")));
    }

    /** Until the clock of {@link System#nanoTime} is at {@code end}, but at least once. */
    void begin(long end, AtomicLong done) {
      this.end = end;
      this.done = done;
      send();
    }

    void close() {
      over.complete(null);
      socket.close();
    }

    private void send() {
      socket.write(requests.get(next++ % requests.size()));
    }

    private void read(Buffer octets) {
      Buffer all = part == null ? octets : part.appendBuffer(octets);
      String text = all.toString(StandardCharsets.ISO_8859_1);
      int head = text.indexOf(END);
      if (head < 0 || all.length() < head + END.length() + length(text, head)) {
        part = part == null ? all.copy() : all;
        return;
      }
      part = null;
      if (!text.startsWith(STATUS)) {
        throw new IllegalStateException("the server said " + text);
      }
      done.incrementAndGet();
      if (System.nanoTime() - end < 0) {
        send();
      } else {
        body = all.getBuffer(head + END.length(), all.length());
        over.complete(null);
      }
    }

    private static int length(String text, int head) {
      int at = text.indexOf(LENGTH);
      if (at < 0 || at > head) {
        throw new IllegalStateException("an answer tells no length: " + text);
      }
      int begin = at + LENGTH.length();
      return Integer.parseInt(text, begin, text.indexOf('\r', begin), 10);
    }
  }
}

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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 client that costs as little as it can, so that what is measured is the server: requests that are encoded
 * already, on kept connections, each sent when the answer before it was read to its end.
 */
final class HttpLoad implements AutoCloseable {
  private static final String STATUS = "HTTP/1.1 200 ";
  private static final String LENGTH = "\ncontent-length: ";
  private static final String END = "\r\n\r\n";

  private final Vertx vertx;
  private final NetClient client;
  private final int connections;

  HttpLoad(Vertx vertx, int connections) {
    this(vertx, connections, new NetClientOptions());
  }

  /** With a certificate of its own, or over TLS. */
  HttpLoad(Vertx vertx, int connections, NetClientOptions options) {
    this.vertx = vertx;
    this.connections = connections;
    this.client = vertx.createNetClient(options);
  }

  /** Answers a second; fails when one is not 200. */
  double rate(URI server, List<Buffer> requests, Duration time) {
    AtomicLong done = new AtomicLong();
    long start = System.nanoTime();
    List<CompletableFuture<Void>> over = new ArrayList<>();
    for (int i = 0; i < connections; i++) {
      One one = new One(requests, i * 31, start + time.toNanos(), done);
      over.add(one.over);
      client
          .connect(server.getPort(), server.getHost())
          .onSuccess(one::begin)
          .onFailure(one.over::completeExceptionally);
    }
    CompletableFuture.allOf(over.toArray(CompletableFuture[]::new)).join();
    return done.get() * 1e9 / (System.nanoTime() - start);
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  /** One connection. */
  private static final class One {
    final CompletableFuture<Void> over = new CompletableFuture<>();
    private final List<Buffer> requests;
    private final long end;
    private final AtomicLong done;
    private int next;
    private @Nullable Buffer part;

    One(List<Buffer> requests, int first, long end, AtomicLong done) {
      this.requests = requests;
      this.next = first;
      this.end = end;
      this.done = done;
    }

    void begin(NetSocket socket) {
      socket.handler(octets -> read(socket, octets));
      socket.exceptionHandler(over::completeExceptionally);
      socket.closeHandler(closed ->
          over.completeExceptionally(new IllegalStateException("the server closed a connection")));
      send(socket);
    }

    private void send(NetSocket socket) {
      socket.write(requests.get(next++ % requests.size()));
    }

    private void read(NetSocket socket, Buffer octets) {
      Buffer all = part == null ? octets : part.appendBuffer(octets);
      String text = all.toString(StandardCharsets.ISO_8859_1);
      int head = text.indexOf(END);
      if (head < 0 || all.length() < head + END.length() + length(text, head)) {
        part = part == null ? all.copy() : all;
        return;
      }
      part = null;
      if (!text.startsWith(STATUS)) {
        over.completeExceptionally(new IllegalStateException(
            "the server said " + text.lines().findFirst().orElse("")));
        return;
      }
      done.incrementAndGet();
      if (System.nanoTime() - end < 0) {
        send(socket);
      } else {
        over.complete(null);
        socket.closeHandler(closed -> {});
        socket.close();
      }
    }

    private static int length(String text, int head) {
      int at = text.indexOf(LENGTH);
      if (at < 0 || at > head) {
        throw new IllegalStateException("an answer tells no length");
      }
      int begin = at + LENGTH.length();
      return Integer.parseInt(text, begin, text.indexOf('\r', begin), 10);
    }
  }
}

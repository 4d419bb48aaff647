package io.sallyport.door.feed;

import io.sallyport.kernel.Digest;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One consumer of a feed. Anybody sends; everything is written on the connection's event loop, in order. A consumer that
 * takes too little too late is cut, and begins with a snapshot when it comes again.
 */
final class FeedStream {
  private static final int MOST_SILENT_ROUNDS = 15;

  private final Digest certificate;
  private final HttpServerResponse response;
  private final Context loop;
  private final int mostWaiting;
  private final Runnable left;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Waits for the beginning; null once that was written. */
  private @Nullable Deque<Buffer> early = new ArrayDeque<>();

  private long begun;
  private long waiting;
  private long written;
  private long writtenBefore;
  private int silentRounds;

  /**
   * @param certificate by which the point was recognised
   * @param left called once, when the consumer is gone
   */
  FeedStream(
      Digest certificate,
      HttpServerResponse response,
      Context loop,
      int mostWaiting,
      Runnable left) {
    this.certificate = certificate;
    this.response = response;
    this.loop = loop;
    this.mostWaiting = mostWaiting;
    this.left = left;
  }

  Digest certificate() {
    return certificate;
  }

  /** Writes what the stream begins with, then what came in the meantime. On the event loop. */
  void begin(Buffer first) {
    response.closeHandler(gone -> leave());
    response.exceptionHandler(gone -> leave());
    begun = first.length();
    write(first);
    Deque<Buffer> since = early;
    early = null;
    if (since != null) {
      since.forEach(this::write);
    }
  }

  void send(Buffer text) {
    if (closed.get()) {
      return;
    }
    loop.runOnContext(nothing -> {
      Deque<Buffer> before = early;
      if (before != null) {
        before.add(text);
      } else {
        write(text);
      }
    });
  }

  /** A heartbeat, and a look whether the consumer still takes anything. */
  void beat(Buffer heartbeat) {
    send(heartbeat);
    loop.runOnContext(nothing -> {
      boolean silent = waiting > 0 && written == writtenBefore;
      silentRounds = silent ? silentRounds + 1 : 0;
      writtenBefore = written;
      if (silentRounds >= MOST_SILENT_ROUNDS) {
        close();
      }
    });
  }

  private void write(Buffer text) {
    if (closed.get()) {
      return;
    }
    waiting += text.length();
    if (waiting > mostWaiting + begun) {
      close();
      return;
    }
    response.write(text).onComplete(done -> {
      waiting -= text.length();
      written += text.length();
      if (done.failed()) {
        leave();
      }
    });
  }

  /** Cuts the connection. From any thread. */
  void close() {
    leave();
    loop.runOnContext(nothing -> response.reset());
  }

  private void leave() {
    if (closed.compareAndSet(false, true)) {
      left.run();
    }
  }
}

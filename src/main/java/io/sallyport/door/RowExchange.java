package io.sallyport.door;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.sallyport.devices.BatchProblem;
import io.sallyport.kernel.Refusal;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Lines of JSON in and out on one request, at the same time and in any order. Reading goes on although the client does not
 * read yet: what it will read waits in a file, so that a client which writes everything before it reads is not waited for
 * by a server that waits for it.
 */
public final class RowExchange {
  public static final String MEDIA_TYPE = "application/x-ndjson";

  private static final Logger LOG = Logger.getLogger(RowExchange.class);
  /** Of one line: a certificate request with a key of the largest kind is a tenth of it. */
  private static final int LONGEST_LINE = 64 * 1024;

  private static final int MOST_READ_AHEAD = 1024 * 1024;
  private static final int MOST_IN_MEMORY = 4 * 1024 * 1024;
  private static final long MOST_IN_FILE = 1L << 30;
  private static final int CHUNK = 64 * 1024;

  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final Context loop;
  private final LinkedBlockingQueue<Optional<Buffer>> arrived = new LinkedBlockingQueue<>();
  private final AtomicLong ahead = new AtomicLong();
  private volatile boolean gone;

  private final Object lock = new Object();
  private final ByteArrayOutputStream open = new ByteArrayOutputStream();
  private final ArrayDeque<byte[]> ready = new ArrayDeque<>();
  private long inMemory;
  private long inFile;
  private @Nullable Path file;
  private @Nullable OutputStream spool;
  private @Nullable InputStream spooled;
  private boolean scheduled;
  private boolean complete;

  /** What is done with a line. */
  public interface Lines {
    /** @param number counted from 1 */
    void line(long number, byte[] line);

    /** What came after the last end of a line. */
    default void unfinished(long number, byte[] line) {
      line(number, line);
    }

    /** A line that was longer than may be. */
    void tooLong(long number);
  }

  private RowExchange(RoutingContext context, Context loop) {
    this.request = context.request();
    this.response = context.response();
    this.loop = loop;
  }

  /** On the event loop: from now on what arrives is kept. */
  public static RowExchange open(RoutingContext context) {
    RowExchange exchange = new RowExchange(context, context.vertx().getOrCreateContext());
    exchange.listen();
    return exchange;
  }

  private void listen() {
    request.handler(buffer -> {
      arrived.add(Optional.of(buffer));
      if (ahead.addAndGet(buffer.length()) > MOST_READ_AHEAD) {
        request.pause();
      }
    });
    request.endHandler(ended -> arrived.add(Optional.empty()));
    request.exceptionHandler(cut -> cut());
    response.exceptionHandler(cut -> cut());
    response.closeHandler(closed -> cut());
    if ("100-continue".equalsIgnoreCase(request.getHeader(HttpHeaderNames.EXPECT))) {
      response.writeContinue();
    }
    request.resume();
  }

  private void cut() {
    gone = true;
    arrived.add(Optional.empty());
    synchronized (lock) {
      lock.notifyAll();
    }
  }

  /** Whether nobody is there any more. */
  public boolean isGone() {
    return gone;
  }

  /** Instead of {@link #begin}. What the client still sends is not looked at. */
  public void refuse(int status, String mediaType, String body) {
    loop.runOnContext(now -> {
      if (response.ended() || response.closed()) {
        return;
      }
      if (response.headWritten()) {
        response.reset();
        return;
      }
      if (!request.isEnded()) {
        request.handler(ignored -> {});
        request.resume();
      }
      if (request.version() != HttpVersion.HTTP_2) {
        response.putHeader(HttpHeaderNames.CONNECTION, "close");
      }
      response
          .setStatusCode(status)
          .putHeader(HttpHeaderNames.CONTENT_TYPE, mediaType)
          .end(body);
    });
  }

  /** Before the first answer: the head of the response. */
  public void begin() {
    loop.runOnContext(now -> {
      if (!response.ended() && !response.closed()) {
        response
            .setChunked(true)
            .setStatusCode(200)
            .putHeader(HttpHeaderNames.CONTENT_TYPE, MEDIA_TYPE)
            .putHeader(HttpHeaderNames.CACHE_CONTROL, "no-store");
      }
    });
  }

  /** Blocks until the client has sent everything, or is gone: then {@link #isGone} says so. Not on an event loop. */
  public void read(Lines lines) throws InterruptedException {
    read(lines, null);
  }

  /**
   * The same for whoever holds something meanwhile that others want; refuses with {@code upload-stalled} when nothing comes.
   *
   * @param patience between two parts, or null for ever
   */
  public void read(Lines lines, @Nullable Duration patience) throws InterruptedException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    long number = 0;
    boolean overlong = false;
    for (Optional<Buffer> next = next(patience); next.isPresent() && !gone; next = next(patience)) {
      byte[] octets = next.get().getBytes();
      int from = 0;
      for (int i = 0; i < octets.length; i++) {
        if (octets[i] != '\n') {
          continue;
        }
        if (!overlong) {
          line.write(octets, from, i - from);
        }
        number++;
        give(lines, number, line, overlong);
        line.reset();
        overlong = false;
        from = i + 1;
      }
      if (!overlong) {
        line.write(octets, from, octets.length - from);
        if (line.size() > LONGEST_LINE) {
          overlong = true;
          line.reset();
        }
      }
      if (ahead.addAndGet(-octets.length) <= MOST_READ_AHEAD / 4) {
        loop.runOnContext(now -> request.resume());
      }
      awaitSpace();
    }
    if (!gone && (line.size() > 0 || overlong)) {
      if (overlong) {
        lines.tooLong(number + 1);
      } else {
        lines.unfinished(number + 1, line.toByteArray());
      }
    }
  }

  private Optional<Buffer> next(@Nullable Duration patience) throws InterruptedException {
    if (patience == null) {
      return arrived.take();
    }
    Optional<Buffer> next = arrived.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
    if (next == null) {
      throw new Refusal(
          BatchProblem.UPLOAD_STALLED,
          "Nothing came for " + patience.toSeconds() + " s; send the whole file again.");
    }
    return next;
  }

  private static void give(Lines lines, long number, ByteArrayOutputStream line, boolean overlong) {
    byte[] octets = line.toByteArray();
    if (overlong || octets.length > LONGEST_LINE) {
      lines.tooLong(number);
    } else if (!new String(octets, StandardCharsets.ISO_8859_1).isBlank()) {
      lines.line(number, octets);
    }
  }

  /** A client that reads nothing of so much is waited for after all. */
  private void awaitSpace() throws InterruptedException {
    synchronized (lock) {
      while (inFile > MOST_IN_FILE && !gone) {
        lock.wait();
      }
    }
  }

  /** Sends a line, without its end. Any thread. */
  public void write(String line) {
    byte[] octets = line.getBytes(StandardCharsets.UTF_8);
    synchronized (lock) {
      if (gone || complete) {
        return;
      }
      open.writeBytes(octets);
      open.write('\n');
      if (open.size() >= CHUNK) {
        keep();
      }
      schedule();
    }
  }

  private void keep() {
    byte[] chunk = open.toByteArray();
    open.reset();
    if (chunk.length == 0) {
      return;
    }
    if (inMemory < MOST_IN_MEMORY && inFile == 0) {
      ready.add(chunk);
      inMemory += chunk.length;
      return;
    }
    try {
      if (spool == null) {
        file = Files.createTempFile("sallyport-rows", ".ndjson");
        spool = Files.newOutputStream(file, StandardOpenOption.WRITE);
        spooled =
            Files.newInputStream(file, StandardOpenOption.READ, StandardOpenOption.DELETE_ON_CLOSE);
      }
      spool.write(chunk);
      inFile += chunk.length;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void schedule() {
    if (!scheduled) {
      scheduled = true;
      loop.runOnContext(now -> flush());
    }
  }

  private void flush() {
    synchronized (lock) {
      scheduled = false;
      while (!gone && !response.writeQueueFull()) {
        byte[] chunk = next();
        if (chunk == null) {
          if (complete) {
            response.end();
            dispose();
          }
          return;
        }
        response.write(Buffer.buffer(chunk));
      }
      if (gone) {
        dispose();
        return;
      }
      response.drainHandler(drained -> flush());
    }
  }

  private byte @Nullable [] next() {
    byte[] chunk = ready.poll();
    if (chunk != null) {
      inMemory -= chunk.length;
      return chunk;
    }
    if (inFile > 0 && spooled != null) {
      try {
        byte[] read = spooled.readNBytes((int) Math.min(CHUNK, inFile));
        inFile -= read.length;
        lock.notifyAll();
        return read;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    if (open.size() > 0) {
      byte[] rest = open.toByteArray();
      open.reset();
      return rest;
    }
    return null;
  }

  /** After the last line. */
  public void end() {
    synchronized (lock) {
      complete = true;
      schedule();
    }
  }

  /** Cuts the connection: what was sent is not all. */
  public void abort() {
    loop.runOnContext(now -> {
      if (!response.ended()) {
        response.reset();
      }
    });
    cut();
    synchronized (lock) {
      dispose();
    }
  }

  private void dispose() {
    try {
      if (spool != null) {
        spool.close();
      }
      if (spooled != null) {
        spooled.close();
      }
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      LOG.debugf("A spooled answer was left behind: %s", e.getMessage());
    }
  }
}

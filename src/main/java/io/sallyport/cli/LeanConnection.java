package io.sallyport.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * A TLS 1.3 connection and the least of HTTP/1.1 on it: requests are octets that were made beforehand. A client that
 * measures takes as little as may be of the processors that it shares with the server.
 */
final class LeanConnection implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 60_000;
  private static final int SLICE = 64 * 1024;
  private static final int LONGEST_HEAD_LINE = 8 * 1024;

  private final SSLSocket socket;
  private final InputStream in;
  private final OutputStream out;

  LeanConnection(URI server, SSLContext tls) {
    try {
      Socket plain = new Socket();
      plain.setTcpNoDelay(true);
      plain.connect(new InetSocketAddress(server.getHost(), server.getPort()), PATIENCE_MILLIS);
      socket = (SSLSocket)
          tls.getSocketFactory().createSocket(plain, server.getHost(), server.getPort(), true);
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.setEnabledProtocols(new String[] {"TLSv1.3"});
      socket.startHandshake();
      in = new BufferedInputStream(socket.getInputStream(), SLICE);
      out = socket.getOutputStream();
    } catch (IOException e) {
      throw broken(e);
    }
  }

  private static Failure broken(IOException e) {
    return new Failure(ExitCode.UNREACHABLE, "A connection broke: " + e.getMessage());
  }

  /** A whole request. */
  static byte[] post(String path, String headers, byte[] body) {
    byte[] head = ("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers
            + "Content-Length: " + body.length + "\r\n\r\n")
        .getBytes(StandardCharsets.US_ASCII);
    byte[] whole = new byte[head.length + body.length];
    System.arraycopy(head, 0, whole, 0, head.length);
    System.arraycopy(body, 0, whole, head.length, body.length);
    return whole;
  }

  /** What came first of an answer. */
  private record Head(int status, long length, boolean chunked) {}

  /** Sends a request and reads its answer to the end; one that is not 200 is a {@link Failure}. */
  void exchange(byte[] request) {
    try {
      out.write(request);
      Head head = head();
      byte[] body = in.readNBytes(Math.toIntExact(Math.max(0, head.length)));
      require(head, body);
    } catch (IOException e) {
      throw broken(e);
    }
  }

  /** Sends a request, and at the same time gives the lines of its answer as they come. */
  void lines(byte[] request, Consumer<byte[]> each) {
    CompletableFuture<Void> sent = new CompletableFuture<>();
    Thread.ofVirtual().start(() -> {
      try {
        for (int at = 0; at < request.length; at += SLICE) {
          out.write(request, at, Math.min(SLICE, request.length - at));
        }
        sent.complete(null);
      } catch (IOException e) {
        sent.completeExceptionally(e);
      }
    });
    try {
      Head head = head();
      if (head.status != 200 || !head.chunked) {
        require(head, in.readNBytes((int) Math.clamp(head.length, 0, SLICE)));
      }
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int size = chunk(); size > 0; size = chunk()) {
        byte[] octets = in.readNBytes(size);
        int from = 0;
        for (int i = 0; i < octets.length; i++) {
          if (octets[i] == '\n') {
            line.write(octets, from, i - from);
            each.accept(line.toByteArray());
            line.reset();
            from = i + 1;
          }
        }
        line.write(octets, from, octets.length - from);
        text();
      }
      sent.join();
    } catch (CompletionException e) {
      throw new Failure(ExitCode.UNREACHABLE, "A connection broke: " + e.getMessage());
    } catch (IOException e) {
      throw broken(e);
    }
  }

  private int chunk() throws IOException {
    return Integer.parseInt(text(), 16);
  }

  private static void require(Head head, byte[] body) {
    if (head.status != 200) {
      throw new Failure(
          ExitCode.REFUSED,
          "A request was answered with " + head.status + ": "
              + new String(body, StandardCharsets.UTF_8));
    }
  }

  private Head head() throws IOException {
    String first = text();
    int status = first.length() < 12 ? 0 : Integer.parseInt(first.substring(9, 12));
    long length = 0;
    boolean chunked = false;
    for (String header = text(); !header.isEmpty(); header = text()) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Long.parseLong(lower.substring(lower.indexOf(':') + 1).strip());
      } else if (lower.startsWith("transfer-encoding:")) {
        chunked = lower.endsWith("chunked");
      }
    }
    return new Head(status, length, chunked);
  }

  /** A line of the protocol's own, without its end. */
  private String text() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int octet = in.read(); octet != '\n'; octet = in.read()) {
      if (octet < 0 || text.length() > LONGEST_HEAD_LINE) {
        throw new IOException("the answer ended early");
      }
      if (octet != '\r') {
        text.append((char) octet);
      }
    }
    return text.toString();
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

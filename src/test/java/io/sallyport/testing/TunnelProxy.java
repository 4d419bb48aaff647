package io.sallyport.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP proxy that opens tunnels (CONNECT) for those who know its password. */
public final class TunnelProxy implements AutoCloseable {
  private static final int MOST_HEAD = 8 << 10;
  private static final byte[] END = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final ServerSocket listening;
  private final String expected;
  private final AtomicInteger tunnels = new AtomicInteger();

  /** @param credentials user, colon, password */
  public TunnelProxy(String credentials) {
    expected =
        "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8));
    try {
      listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().start(this::accept);
  }

  /** Host and port. */
  public String address() {
    return "127.0.0.1:" + listening.getLocalPort();
  }

  public int tunnels() {
    return tunnels.get();
  }

  @Override
  public void close() {
    try {
      listening.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      String head = head(client.getInputStream());
      while (!head.contains("\r\nProxy-Authorization: " + expected + "\r\n")) {
        say(
            client,
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"line\"\r\nContent-Length: 0\r\n\r\n");
        head = head(client.getInputStream());
      }
      String[] target = head.split(" ", 3)[1].split(":");
      try (Socket server = new Socket(target[0], Integer.parseInt(target[1]))) {
        say(client, "HTTP/1.1 200 Connection established\r\n\r\n");
        tunnels.incrementAndGet();
        Thread back = Thread.ofVirtual().start(() -> copy(server, client));
        copy(client, server);
        back.join();
      }
    } catch (IOException | RuntimeException e) {
      // The client went away, or was none.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void copy(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException e) {
      // One of them closed.
    }
  }

  private static void say(Socket client, String text) throws IOException {
    OutputStream out = client.getOutputStream();
    out.write(text.getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.length() < MOST_HEAD) {
      int octet = in.read();
      if (octet < 0) {
        throw new IOException("closed");
      }
      head.append((char) octet);
      if (head.length() >= END.length
          && head.substring(head.length() - END.length).equals("\r\n\r\n")) {
        return head.toString();
      }
    }
    throw new IOException("too long");
  }
}

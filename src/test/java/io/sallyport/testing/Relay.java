package io.sallyport.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A wire between a client and a server that a test can cut: connections break, new ones are refused. */
public final class Relay implements AutoCloseable {
  private final URI target;
  private final int port;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private @Nullable ServerSocket listening;

  public Relay(String target) {
    this.target = URI.create(target);
    ServerSocket first = listen(0);
    this.port = first.getLocalPort();
    serve(first);
  }

  /** The same URL as the target's, on this wire. */
  public String url() {
    return target.getScheme() + "://" + target.getHost() + ":" + port;
  }

  public void cut() {
    try {
      if (listening != null) {
        listening.close();
        listening = null;
      }
      for (Socket socket : open) {
        socket.close();
      }
      open.clear();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public void mend() {
    serve(listen(port));
  }

  @Override
  public void close() {
    cut();
  }

  private static ServerSocket listen(int port) {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void serve(ServerSocket socket) {
    listening = socket;
    Thread.ofVirtual().start(() -> {
      try {
        while (true) {
          Socket near = socket.accept();
          Socket far = new Socket(target.getHost(), target.getPort());
          open.add(near);
          open.add(far);
          pump(near, far);
          pump(far, near);
        }
      } catch (IOException cut) {
        // That is what ended it.
      }
    });
  }

  private static void pump(Socket from, Socket to) {
    Thread.ofVirtual().start(() -> {
      try (from;
          to;
          InputStream in = from.getInputStream();
          OutputStream out = to.getOutputStream()) {
        in.transferTo(out);
      } catch (IOException cut) {
        // That is what ended it.
      }
    });
  }
}

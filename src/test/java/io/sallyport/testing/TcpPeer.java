package io.sallyport.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Real TCP as a process of its own, so that it can stand in a network namespace. {@code serve PORT…} echoes. {@code drive}
 * does what its standard input says: {@code try SOURCE HOST PORT}, {@code open SOURCE HOST PORT} for a connection that
 * sends on and on, {@code echoed} for how many milliseconds ago that one last heard an echo.
 */
public final class TcpPeer {
  private static final int PATIENCE_MILLIS = 1500;
  private static final long PAUSE_NANOS = 20_000_000;
  private static final Map<String, Socket> OPEN = new ConcurrentHashMap<>();
  private static final AtomicLong ECHOED = new AtomicLong(System.nanoTime());

  private TcpPeer() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments[0].equals("serve")) {
      for (int i = 1; i < arguments.length; i++) {
        ServerSocket socket = new ServerSocket(Integer.parseInt(arguments[i]));
        Thread.ofPlatform().start(() -> serve(socket));
      }
      System.out.println("ready");
      return;
    }
    System.out.println("ready");
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      String[] words = line.split(" ");
      System.out.println(
          switch (words[0]) {
            case "try" -> attempt(words);
            case "open" -> open(words);
            case "echoed" -> Long.toString((System.nanoTime() - ECHOED.get()) / 1_000_000);
            default -> "what?";
          });
    }
    System.exit(0);
  }

  private static void serve(ServerSocket socket) {
    while (true) {
      try {
        Socket peer = socket.accept();
        Thread.ofPlatform().daemon().start(() -> {
          try (peer) {
            peer.getInputStream().transferTo(peer.getOutputStream());
          } catch (IOException gone) {
            // The peer's business.
          }
        });
      } catch (IOException e) {
        return;
      }
    }
  }

  private static Socket connect(String... words) throws IOException {
    Socket socket = new Socket();
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MILLIS);
    socket.bind(new InetSocketAddress(words[1], 0));
    socket.connect(new InetSocketAddress(words[2], Integer.parseInt(words[3])), PATIENCE_MILLIS);
    return socket;
  }

  private static String attempt(String... words) {
    try (Socket socket = connect(words)) {
      socket.getOutputStream().write(7);
      return socket.getInputStream().read() == 7 ? "yes" : "no";
    } catch (IOException e) {
      return "no";
    }
  }

  private static String open(String... words) {
    try {
      Socket socket = connect(words);
      socket.setSoTimeout(0);
      Socket before = OPEN.put("flow", socket);
      if (before != null) {
        before.close();
      }
      Thread.ofPlatform().daemon().start(() -> {
        try {
          while (socket.getInputStream().read() >= 0) {
            if (OPEN.get("flow") == socket) {
              ECHOED.set(System.nanoTime());
            }
          }
        } catch (IOException gone) {
          // It says so by hearing nothing.
        }
      });
      Thread.ofPlatform().daemon().start(() -> {
        try {
          while (true) {
            socket.getOutputStream().write(1);
            LockSupport.parkNanos(PAUSE_NANOS);
          }
        } catch (IOException gone) {
          // It says so by hearing nothing.
        }
      });
      return "yes";
    } catch (IOException e) {
      return "no";
    }
  }
}

package io.sallyport.events;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.LogEntry;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Following;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.TrustFile;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Sends every fact to a syslog collector, one node at a time, in order. What a collector that is away missed is sent when
 * it is back; syslog has no acknowledgement, so what was in flight when a connection broke may be lost or come twice.
 */
@Singleton
final class SyslogExport {
  private static final int START = 2900;
  private static final int CONNECT_MILLIS = 5_000;
  /** A collector that accepts and does not read may hold up the export no longer. */
  private static final Duration LONGEST_WRITE = Duration.ofSeconds(10);

  private static final int MOST_PORT = 65_535;

  private final Changes changes;
  private final AuditLog log;
  private final SyslogSettings settings;
  private final String version;
  private final Duration patience;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("syslog-limit").factory());
  private @Nullable Following following;
  private @Nullable Socket connection;
  /** What carries {@link #connection}; the same without TLS. */
  private volatile @Nullable Socket wire;

  @Inject
  SyslogExport(
      Changes changes,
      AuditLog log,
      SyslogSettings settings,
      @ConfigProperty(name = "quarkus.application.version") String version) {
    this(changes, log, settings, version, LONGEST_WRITE);
  }

  SyslogExport(
      Changes changes, AuditLog log, SyslogSettings settings, String version, Duration patience) {
    this.patience = patience;
    this.changes = changes;
    this.log = log;
    this.settings = settings;
    this.version = version;
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    if (settings.address().isPresent()) {
      address();
      following = changes.followOnce("syslog", this::send);
    }
  }

  void stop(@Observes ShutdownEvent event) {
    if (following != null) {
      following.close();
    }
    disconnect();
    timer.shutdownNow();
  }

  private void send(List<Change> some) {
    ByteArrayOutputStream frames = new ByteArrayOutputStream();
    long first = some.getFirst().position();
    String host = host();
    for (long after = first - 1; after < some.getLast().position(); ) {
      List<LogEntry> entries = log.entries(
              after, (int) Math.min(Page.MOST, some.getLast().position() - after))
          .items();
      if (entries.isEmpty()) {
        throw new IllegalStateException("the log ends at position " + after);
      }
      entries.forEach(entry -> frames.writeBytes(SyslogMessage.frame(entry, host, version)));
      after = entries.getLast().position();
    }
    try {
      write(connection(), frames.toByteArray());
    } catch (IOException e) {
      disconnect();
      throw new UncheckedIOException(
          "the syslog collector " + settings.address().orElse("") + " cannot be reached", e);
    }
  }

  /** A write has no time limit of its own; one to a collector that does not read ends with its socket. */
  private void write(Socket socket, byte[] frames) throws IOException {
    ScheduledFuture<?> limit =
        timer.schedule(this::cut, patience.toMillis(), TimeUnit.MILLISECONDS);
    try {
      socket.getOutputStream().write(frames);
      socket.getOutputStream().flush();
    } finally {
      limit.cancel(false);
    }
  }

  /** TCP itself: to close TLS over it would wait for the write that is under way. */
  private void cut() {
    Socket known = wire;
    if (known != null) {
      close(known);
    }
  }

  /** A collector that closed the connection is noticed here, not after a batch was written into nothing. */
  private Socket connection() throws IOException {
    Socket known = connection;
    if (known != null && !known.isClosed() && !ended(known)) {
      return known;
    }
    disconnect();
    InetSocketAddress address = address();
    Socket socket = new Socket();
    socket.connect(
        new InetSocketAddress(address.getHostString(), address.getPort()), CONNECT_MILLIS);
    socket.setKeepAlive(true);
    wire = socket;
    if (settings.tls()) {
      try {
        SSLSocket tls = (SSLSocket) TrustFile.context(settings.trustFile())
            .getSocketFactory()
            .createSocket(socket, address.getHostString(), address.getPort(), true);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        tls.setSSLParameters(parameters);
        tls.setSoTimeout(CONNECT_MILLIS);
        tls.startHandshake();
        socket = tls;
      } catch (IOException e) {
        socket.close();
        throw e;
      }
    }
    connection = socket;
    return socket;
  }

  private static boolean ended(Socket socket) {
    try {
      socket.setSoTimeout(1);
      return socket.getInputStream().read() < 0;
    } catch (java.net.SocketTimeoutException nothingToRead) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  private InetSocketAddress address() {
    String text = settings.address().orElseThrow();
    int colon = text.lastIndexOf(':');
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (colon > 0 && port > 0 && port <= MOST_PORT) {
        return InetSocketAddress.createUnresolved(text.substring(0, colon), port);
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw new IllegalArgumentException(
        "sallyport.syslog.address must be host:port, not " + text + ".");
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName().replaceAll("[^\\x21-\\x7e]", "-");
    } catch (java.net.UnknownHostException e) {
      return "-";
    }
  }

  private void disconnect() {
    Socket known = connection;
    connection = null;
    if (known != null) {
      close(known);
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone, which is what was wanted.
    }
  }
}

package io.sallyport.cli;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import io.sallyport.cli.BenchCommand.Figure;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * How fast a line is served: batches, files, and first enrollments over EST, each for another device with another key. What
 * is asked is made beforehand, and a part of it is used to warm up.
 */
final class OnboardingBench implements AutoCloseable {
  static final String BATCH = "batch";
  static final String EST_FRESH = "est-fresh";
  static final String EST_KEPT = "est-kept";
  static final String IMPORT = "import-million";
  /** In this order: a million devices come last. */
  static final List<String> ALL = List.of(BATCH, EST_FRESH, EST_KEPT, IMPORT);

  /** Those whose bare loop a server makes of itself. */
  static final Set<String> BARE_INSIDE = Set.of(BATCH, IMPORT);

  private static final int CLIENTS = 64;
  /** A line's devices that arrive together, each for its first time. */
  private static final int FRESH_CLIENTS = 256;

  /** A machine's speed changes within a minute: both are measured in each of its moods. */
  private static final int TURNS = 4;

  private static final Duration SETTLING = Duration.ofSeconds(2);

  /** More than two processors do in a second. */
  private static final int MOST_ROWS_A_SECOND = 5_000;

  private static final int MOST_KEPT_A_SECOND = 1_600;
  private static final int MOST_FRESH_A_SECOND = 600;
  private static final Duration WARM_UP = Duration.ofSeconds(20);
  /** A third of the work is TLS in Java, and the compilers get little of two busy processors. */
  private static final Duration FRESH_WARM_UP = Duration.ofSeconds(150);

  /** The bare loops do less, and are hot sooner. */
  private static final Duration BARE_WARM_UP = Duration.ofSeconds(5);

  private static final int WARM_ROWS = 60_000;
  private static final int MILLION = 1_000_000;

  private final Duration time;
  private final Clock clock;
  private final URI devices;
  private final List<X509Certificate> roots;
  private final ManufacturingLine line;
  private final LineLoad load;

  OnboardingBench(Options options, Clock clock, Duration time) {
    AmazonCorrettoCryptoProvider.install();
    this.time = time;
    this.clock = clock;
    this.devices = options.front("devices");
    this.roots = options.roots(null);
    this.line = new ManufacturingLine(LineLoad.MANUFACTURER, clock);
    this.load = new LineLoad(options, line.anchor());
  }

  /** @param bare what the bare loop of a batch or an import made */
  Figure measure(String name, double bare) {
    return switch (name) {
      case BATCH -> batch(bare);
      case IMPORT -> imported(bare);
      case EST_FRESH -> fresh();
      case EST_KEPT -> kept();
      default -> throw new IllegalArgumentException(name);
    };
  }

  /** Devices a second in one stream, from its first octet to its last. */
  private Figure batch(double bare) {
    int warm = WARM_ROWS;
    int all = warm + count(time, MOST_ROWS_A_SECOND);
    List<byte[]> rows = LineLoad.rows("batch", 0, all);
    String batch = load.registered("batch", all);
    load.issue(batch, rows.subList(0, warm));
    List<byte[]> rest = rows.subList(warm, all);
    double seconds = load.issue(batch, rest).seconds();
    return new Figure(
        BATCH,
        rest.size() / seconds,
        "devices/s",
        bare,
        "requests read, signatures, 2 commits per 256");
  }

  private static int count(Duration time, int aSecond) {
    return Math.toIntExact(Math.max(1, time.toMillis()) * aSecond / 1000);
  }

  /** Seconds from the first octet of the file to the last line of the report. */
  private Figure imported(double bare) {
    String batch = load.order("million", MILLION);
    double seconds = load.register(batch, "million", MILLION).seconds();
    return new Figure(IMPORT, seconds, "s", bare, "COPY of the same rows");
  }

  /** By a token for many devices over connections that are kept; beside it a bare HTTPS route with the same octets. */
  private Figure kept() {
    int all = count(WARM_UP.plus(time), MOST_KEPT_A_SECOND);
    load.registered("kept", all);
    String credentials = "Authorization: Basic "
        + Base64.getEncoder()
            .encodeToString(("device:" + load.token(all)).getBytes(StandardCharsets.UTF_8))
        + "\r\n";
    List<byte[]> requests = LineLoad.made(
        0, all, number -> LineLoad.enrollment(LineLoad.serial("kept", number), credentials));
    double rate = overKept(devices, roots, once(requests), WARM_UP);
    try (BareServer bare = new BareServer(new byte[1500], clock, true)) {
      return new Figure(
          EST_KEPT,
          rate,
          "enrollments/s",
          overKept(bare.address(), List.of(bare.certificate()), inTurns(requests), BARE_WARM_UP),
          "bare HTTPS route");
    }
  }

  /** Each once, and then none. */
  private static <T> Supplier<@Nullable T> once(List<T> all) {
    return new ConcurrentLinkedQueue<>(all)::poll;
  }

  /** For a server that does not mind. */
  private static <T> Supplier<@Nullable T> inTurns(List<T> all) {
    AtomicInteger next = new AtomicInteger();
    return () -> all.get(Math.floorMod(next.getAndIncrement(), all.size()));
  }

  private double overKept(
      URI server,
      List<X509Certificate> anchors,
      Supplier<byte @Nullable []> requests,
      Duration warm) {
    SSLContext tls = Web.context(anchors, null);
    ThreadLocal<LeanConnection> own = new ThreadLocal<>();
    Queue<LeanConnection> opened = new ConcurrentLinkedQueue<>();
    try {
      return warmRate(CLIENTS, warm, () -> {
        byte[] next = requests.get();
        if (next == null) {
          return false;
        }
        LeanConnection connection = own.get();
        if (connection == null) {
          connection = new LeanConnection(server, tls);
          own.set(connection);
          opened.add(connection);
        }
        connection.exchange(next);
        return true;
      });
    } finally {
      opened.forEach(LeanConnection::close);
    }
  }

  /** A device with its manufacturer's certificate, and its request. */
  private record Unit(Identity idevid, byte[] request) {}

  /** By manufacturers' certificates, each over a new connection with mutual TLS 1.3; by turns the handshakes alone. */
  private Figure fresh() {
    int all =
        count(FRESH_WARM_UP.plus(SETTLING.multipliedBy(TURNS)).plus(time), MOST_FRESH_A_SECOND);
    load.registered("fresh", all);
    List<Unit> units = LineLoad.made(0, all, number -> {
      String serial = LineLoad.serial("fresh", number);
      return new Unit(
          line.make(LineLoad.MODEL, serial), LineLoad.enrollment(serial, "Connection: close\r\n"));
    });
    Supplier<@Nullable Unit> left = once(units);
    TrustManager[] ours = trust(roots);
    AtomicLong enrolled = new AtomicLong();
    BooleanSupplier enroll = () -> {
      Unit next = left.get();
      if (next == null) {
        return false;
      }
      try (LeanConnection connection = connected(devices, ours, next)) {
        connection.exchange(next.request);
        enrolled.incrementAndGet();
        return true;
      }
    };
    try (BareServer bare = new BareServer(new byte[0], clock, true, line.anchor())) {
      TrustManager[] its = trust(List.of(bare.certificate()));
      Supplier<@Nullable Unit> again = inTurns(units);
      BooleanSupplier shake = () -> {
        connected(bare.address(), its, Objects.requireNonNull(again.get())).close();
        return true;
      };
      Duration turn = time.dividedBy(TURNS);
      double rate = 0;
      double handshakes = 0;
      for (int i = 0; i < TURNS; i++) {
        Duration warm = i == 0 ? FRESH_WARM_UP : SETTLING;
        rate += warmRate(FRESH_CLIENTS, warm, turn, enroll, enrolled::get) / TURNS;
        // A client is done when it sent its part: what counts is what the server has completed.
        Duration bareWarm = i == 0 ? WARM_UP : SETTLING;
        handshakes += warmRate(FRESH_CLIENTS, bareWarm, turn, shake, bare::connections) / TURNS;
      }
      return new Figure(EST_FRESH, rate, "enrollments/s", handshakes, "mutual TLS 1.3 handshakes");
    }
  }

  /** No session of another device is resumed: each has a context of its own. */
  private static LeanConnection connected(URI server, TrustManager[] trust, Unit unit) {
    try {
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(new KeyManager[] {unit.idevid.keyManager()}, trust, null);
      return new LeanConnection(server, tls);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM has no TLS", e);
    }
  }

  private static TrustManager[] trust(Collection<X509Certificate> anchors) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (X509Certificate anchor : anchors) {
        store.setCertificateEntry(anchor.getSerialNumber().toString(), anchor);
      }
      TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
      factory.init(store);
      return factory.getTrustManagers();
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this JVM has no TLS", e);
    }
  }

  /** How often a second {@code once} said yes in all clients, behind some seconds that are not counted. */
  private double warmRate(int clients, Duration warm, BooleanSupplier once) {
    AtomicLong done = new AtomicLong();
    return warmRate(
        clients,
        warm,
        time,
        () -> {
          boolean more = once.getAsBoolean();
          if (more) {
            done.incrementAndGet();
          }
          return more;
        },
        done::get);
  }

  /** By how much {@code count} rises a second while all clients go on until {@code once} says no or the time is over. */
  private static double warmRate(
      int clients, Duration warm, Duration measured, BooleanSupplier once, LongSupplier count) {
    long begin = System.nanoTime() + warm.toNanos();
    long end = begin + measured.toNanos();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        running.add(threads.submit(() -> {
          boolean more = true;
          while (more && System.nanoTime() < end) {
            more = once.getAsBoolean();
          }
        }));
      }
      TimeUnit.NANOSECONDS.sleep(begin - System.nanoTime());
      long before = count.getAsLong();
      long start = System.nanoTime();
      for (Future<?> client : running) {
        client.get();
      }
      return (count.getAsLong() - before) * 1e9 / (System.nanoTime() - start);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Failure failure
          ? failure
          : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(ExitCode.UNREACHABLE, "Interrupted.");
    }
  }

  @Override
  public void close() {
    load.close();
  }
}

package io.sallyport.cli;

import io.sallyport.kernel.Der;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import javax.net.ssl.SSLSocket;

/** How fast a line is served: first enrollments over EST, each for another device with another key. */
final class OnboardingBench implements AutoCloseable {
  private static final int CLIENTS = 64;
  /** What a machine of two cores cannot do in a second. */
  private static final int MOST_A_SECOND = 2_000;

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final String MODEL = "Eye 4";

  private final Duration time;
  private final Clock clock;
  private final URI devices;
  private final List<X509Certificate> roots;
  private final ApiClient api;
  private final ManufacturingLine line;

  /** A device that is registered, and what it will ask. */
  private record Prepared(Identity idevid, Der request) {}

  OnboardingBench(Options options, Clock clock, Duration time) {
    this.time = time;
    this.clock = clock;
    this.devices = options.front("devices");
    this.roots = options.roots(null);
    this.api = options.api();
    this.line = new ManufacturingLine("Optica Works", clock);
    var maker = Json.object().put("name", "Optica Works");
    maker.putArray("anchors").add(Pem.of(line.anchor()));
    api.post("/manufacturers", maker);
    api.put("/profiles/camera", DemoDocuments.PROFILE);
  }

  /** By one-time tokens over connections that are kept; beside it a bare HTTPS route with the same octets. */
  BenchCommand.Figure kept() {
    record Asked(Der request, String token) {}
    Queue<Asked> asked = prepared(number -> {
      String id = register("kept-" + number);
      String token = api.post(
              "/enrollment-tokens", Json.object().put("device", id).put("lifetime", "PT1H"))
          .path("token")
          .asText();
      KeyPair pair = Requests.newKey();
      return new Asked(Requests.forSubject(pair, Requests.deviceName("kept-" + number)), token);
    });
    byte[] answer;
    double rate;
    Der first;
    try (Web web = new Web(roots, null)) {
      EstClient est = new EstClient(devices, web, roots);
      Asked one = asked.remove();
      first = one.request();
      answer = est.tryEnroll("simpleenroll", null, one.request(), one.token())
          .orFail()
          .body();
      rate = run(() -> {
        Asked next = asked.poll();
        if (next == null) {
          return false;
        }
        est.tryEnroll("simpleenroll", null, next.request(), next.token()).orFail();
        return true;
      });
    }
    try (BareServer bare = new BareServer(answer, clock, true);
        Web web = new Web(List.of(bare.certificate()), null)) {
      EstClient est = new EstClient(bare.address(), web, List.of(bare.certificate()));
      return new BenchCommand.Figure(
          "est-kept",
          rate,
          "enrollments/s",
          run(() -> est.tryEnroll("simpleenroll", null, first, "a token").good()),
          "bare HTTPS route, same octets");
    }
  }

  /** By manufacturers' certificates, each over a new connection with mutual TLS 1.3; beside it the handshakes alone. */
  BenchCommand.Figure fresh() {
    Queue<Prepared> asked = prepared(number -> {
      String serial = "fresh-" + number;
      register(serial);
      Identity idevid = line.make(MODEL, serial);
      return new Prepared(
          idevid, Requests.forSubject(Requests.newKey(), Requests.deviceName(serial)));
    });
    Queue<Prepared> again = new ConcurrentLinkedQueue<>(asked);
    double rate = run(() -> {
      Prepared next = asked.poll();
      if (next == null) {
        return false;
      }
      try (SSLSocket socket = connected(devices, roots, next.idevid())) {
        return enrolled(socket, next.request());
      } catch (IOException e) {
        throw new Failure(ExitCode.UNREACHABLE, "A connection broke: " + e.getMessage());
      }
    });
    try (BareServer bare = new BareServer(new byte[0], clock, true, line.anchor())) {
      List<X509Certificate> its = List.of(bare.certificate());
      return new BenchCommand.Figure(
          "est-fresh",
          rate,
          "enrollments/s",
          run(() -> {
            Prepared next = again.poll();
            if (next == null) {
              return false;
            }
            try (SSLSocket socket = connected(bare.address(), its, next.idevid())) {
              return socket.getSession().isValid();
            } catch (IOException e) {
              throw new Failure(ExitCode.UNREACHABLE, "A connection broke: " + e.getMessage());
            }
          }),
          "mutual TLS 1.3 handshakes");
    }
  }

  private static SSLSocket connected(URI server, List<X509Certificate> roots, Identity identity)
      throws IOException {
    Socket plain = new Socket();
    plain.connect(
        new InetSocketAddress(server.getHost(), server.getPort()), (int) PATIENCE.toMillis());
    SSLSocket socket = (SSLSocket) Web.context(roots, identity)
        .getSocketFactory()
        .createSocket(plain, server.getHost(), server.getPort(), true);
    socket.setSoTimeout((int) PATIENCE.toMillis());
    socket.setEnabledProtocols(new String[] {"TLSv1.3"});
    socket.startHandshake();
    return socket;
  }

  private static boolean enrolled(SSLSocket socket, Der request) throws IOException {
    String body = Base64.getMimeEncoder().encodeToString(request.octets());
    OutputStream out = socket.getOutputStream();
    out.write(
        ("POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/pkcs10\r\nContent-Length: " + body.length()
                + "\r\n\r\n" + body)
            .getBytes(StandardCharsets.US_ASCII));
    out.flush();
    InputStream in = socket.getInputStream();
    String answer = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    if (!answer.startsWith("HTTP/1.1 200")) {
      throw new Failure(
          ExitCode.REFUSED,
          "An enrollment was refused: " + answer.lines().findFirst().orElse(""));
    }
    return true;
  }

  private String register(String serial) {
    return api.post(
            "/devices",
            Json.object()
                .put("manufacturer", "Optica Works")
                .put("model", MODEL)
                .put("serial_number", serial)
                .put("profile", "camera")
                .put("owner", "bench")
                .put("site", "plant-1"))
        .path("id")
        .asText();
  }

  /** Enough for the time that a figure may take. */
  private <T> Queue<T> prepared(IntFunction<T> make) {
    Queue<T> all = new ConcurrentLinkedQueue<>();
    AtomicLong numbers = new AtomicLong();
    long most = Math.max(1, time.toSeconds()) * MOST_A_SECOND;
    each(() -> {
      long number = numbers.incrementAndGet();
      return number <= most && all.add(make.apply((int) number));
    });
    return all;
  }

  /** How often a second {@code once} said yes, in all clients, until it says no or the time is over. */
  private double run(BooleanSupplier once) {
    long start = System.nanoTime();
    AtomicLong done = new AtomicLong();
    each(() -> {
      if (System.nanoTime() - start >= time.toNanos() || !once.getAsBoolean()) {
        return false;
      }
      done.incrementAndGet();
      return true;
    });
    return done.get() * 1e9 / (System.nanoTime() - start);
  }

  private static void each(BooleanSupplier once) {
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        running.add(clients.submit(() -> {
          boolean more;
          do {
            more = once.getAsBoolean();
          } while (more);
        }));
      }
      for (Future<?> client : running) {
        client.get();
      }
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
    api.close();
  }
}

package io.sallyport.cli;

import io.sallyport.kernel.Der;
import java.net.URI;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.bouncycastle.asn1.x500.X500Name;

/** The measurements, bounded in count and in time. */
final class Bench implements AutoCloseable {
  private static final int CLIENTS = 16;
  private static final int MOST_DEVICES = 5000;
  private static final Flow FLOW = new Flow("vms.plant.example", "tcp", 8554);

  private final Path scratch;
  private final Clock clock;
  private final Duration time;
  private final URI devices;
  private final List<X509Certificate> roots;
  private final ApiClient api;

  Bench(Options options, Path scratch, Clock clock, Duration time) {
    this.scratch = scratch;
    this.clock = clock;
    this.time = time;
    this.devices = options.front("devices");
    this.roots = options.roots(null);
    this.api = options.api();
    var maker = Json.object().put("name", "Optica");
    maker.putArray("anchors").add(Pem.of(new ManufacturingLine("Optica", clock).anchor()));
    api.post("/manufacturers", maker);
    api.put("/profiles/camera", DemoDocuments.PROFILE);
    api.put("/policies/cameras", DemoDocuments.POLICY);
  }

  /** First enrollments by one-time token over kept connections, each for another device with another key. */
  BenchCommand.Figure est() {
    record Prepared(Der request, String token) {}
    Queue<Prepared> prepared = new ConcurrentLinkedQueue<>();
    AtomicLong numbers = new AtomicLong();
    run(() -> {
      long number = numbers.incrementAndGet();
      if (number > MOST_DEVICES) {
        return false;
      }
      String token = api.post(
              "/enrollment-tokens",
              Json.object().put("device", register("bench-" + number)).put("lifetime", "PT1H"))
          .path("token")
          .asText();
      KeyPair pair = Requests.newKey();
      Der request = Requests.forSubject(pair, new X500Name("CN=bench-" + number));
      prepared.add(new Prepared(request, token));
      return true;
    });
    try (Web web = new Web(roots, null)) {
      EstClient est = new EstClient(devices, web, roots);
      double rate = run(() -> {
        Prepared next = prepared.poll();
        if (next == null) {
          return false;
        }
        est.tryEnroll("simpleenroll", null, next.request(), next.token()).orFail();
        return true;
      });
      return new BenchCommand.Figure(
          "est.simpleenroll", rate, "enrollments/s", signatures(), "P-256 signatures, 1 thread");
    }
  }

  /** Decisions over kept connections; beside them a bare route that answers as many octets. */
  BenchCommand.Figure decisions() {
    DeviceFolder folder = new DeviceFolder(scratch.resolve("firewall"));
    EnforcementPointCommands.add(api, "firewall", folder, roots);
    byte[] question = AccessClient.question(register("bench-decisions"), FLOW);
    double rate;
    byte[] answer;
    try (AccessClient client = new AccessClient(devices, new Web(roots, folder.identity()))) {
      answer = client.ask(question).orFail().body();
      rate = run(() -> client.ask(question).orFail().good());
    }
    try (BareServer bare = new BareServer(answer, clock);
        AccessClient client =
            new AccessClient(bare.address(), new Web(List.of(bare.certificate()), null))) {
      client.ask(question).orFail();
      return new BenchCommand.Figure(
          "decisions.evaluation",
          rate,
          "decisions/s",
          run(() -> client.ask(question).orFail().good()),
          "bare HTTPS route, same octets");
    }
  }

  @Override
  public void close() {
    api.close();
  }

  private String register(String serial) {
    return api.post(
            "/devices",
            Json.object()
                .put("manufacturer", "Optica")
                .put("model", "Eye 4")
                .put("serial_number", serial)
                .put("profile", "camera")
                .put("owner", "bench")
                .put("site", "plant-1"))
        .path("id")
        .asText();
  }

  /** Repeats {@code once} in every client until it says no or the time is over; how often a second it said yes. */
  private double run(BooleanSupplier once) {
    long start = System.nanoTime();
    AtomicLong done = new AtomicLong();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        running.add(clients.submit(() -> {
          while (System.nanoTime() - start < time.toNanos() && once.getAsBoolean()) {
            done.incrementAndGet();
          }
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
    return done.get() * 1e9 / (System.nanoTime() - start);
  }

  private double signatures() {
    try {
      KeyPair pair = Requests.newKey();
      byte[] message = new byte[512];
      Signature signature = Signature.getInstance("SHA256withECDSA");
      long done = 0;
      long start = System.nanoTime();
      while (System.nanoTime() - start < Math.min(time.toNanos(), 2_000_000_000L)) {
        signature.initSign(pair.getPrivate());
        signature.update(message);
        signature.sign();
        done++;
      }
      return done * 1e9 / (System.nanoTime() - start);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}

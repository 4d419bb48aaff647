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
  private static final int MOST_REVOCATIONS = 200;
  private static final Flow FLOW = new Flow("vms.plant.example", "tcp", 8554);

  private final Path scratch;
  private final Clock clock;
  private final Duration time;
  private final URI devices;
  private final List<X509Certificate> roots;
  private final ApiClient api;
  private final URI status;
  private final ManufacturingLine line;

  Bench(Options options, Path scratch, Clock clock, Duration time) {
    this.scratch = scratch;
    this.clock = clock;
    this.time = time;
    this.devices = options.front("devices");
    this.roots = options.roots(null);
    this.api = options.api();
    this.status = options.front("status");
    this.line = new ManufacturingLine("Optica", clock);
    var maker = Json.object().put("name", "Optica");
    maker.putArray("anchors").add(Pem.of(line.anchor()));
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

  /** OCSP answers by GET over kept connections; beside them a bare route that answers as many octets. */
  BenchCommand.Figure ocsp() {
    Camera camera = new Camera(
        line.make("Eye 4", "bench-ocsp"),
        new DeviceFolder(scratch.resolve("bench-ocsp")),
        devices,
        roots,
        clock);
    register("bench-ocsp");
    camera.enroll();
    URI address = StatusClient.address(status, camera.certificate(), camera.issuer());
    double rate;
    byte[] answer;
    try (Web web = new Web(List.of(), null)) {
      answer = web.send(Web.to(address).build()).orFail().body();
      rate = run(() -> web.send(Web.to(address).build()).orFail().good());
    }
    try (BareServer bare = new BareServer(answer, clock, false);
        Web web = new Web(List.of(), null)) {
      URI same = bare.address().resolve(address.getRawPath());
      return new BenchCommand.Figure(
          "ocsp.get",
          rate,
          "answers/s",
          run(() -> web.send(Web.to(same).build()).orFail().good()),
          "bare HTTP route, same octets");
    }
  }

  /** From the operator's act to the first deny; beside it the same two requests without a change. */
  BenchCommand.Figure revocation() {
    DeviceFolder folder = new DeviceFolder(scratch.resolve("watcher"));
    EnforcementPointCommands.add(api, "watcher", folder, roots);
    api.put("/profiles/open", DemoDocuments.OPEN_PROFILE);
    api.put("/policies/open", DemoDocuments.OPEN_POLICY);
    List<Long> revoking = new ArrayList<>();
    List<Long> asking = new ArrayList<>();
    try (AccessClient client = new AccessClient(devices, new Web(roots, folder.identity()))) {
      long end = System.nanoTime() + time.toNanos();
      for (int i = 0; i < MOST_REVOCATIONS && System.nanoTime() < end; i++) {
        String serial = "bench-revoked-" + i;
        String device = register(serial, "open");
        new Camera(
                line.make("Eye 4", serial),
                new DeviceFolder(scratch.resolve(serial)),
                devices,
                roots,
                clock)
            .enroll();
        requirePermit(client.ask(device, FLOW), true);
        long start = System.nanoTime();
        api.get("/devices/" + device);
        requirePermit(client.ask(device, FLOW), true);
        asking.add(System.nanoTime() - start);
        start = System.nanoTime();
        api.post("/devices/" + device + "/quarantine", Json.object().put("reason", "bench"));
        requirePermit(client.ask(device, FLOW), false);
        revoking.add(System.nanoTime() - start);
      }
    }
    return new BenchCommand.Figure(
        "revocation.to-deny",
        median(revoking),
        "ms, median of " + revoking.size(),
        median(asking),
        "a read and a question, no change");
  }

  private static void requirePermit(Answer answer, boolean expected) {
    if (answer.orFail().json().path("decision").asBoolean() != expected) {
      throw new Failure(ExitCode.REFUSED, "A decision was not the one expected: " + answer.text());
    }
  }

  private static double median(List<Long> nanos) {
    return nanos.stream().sorted().skip(nanos.size() / 2).findFirst().orElse(0L) / 1e6;
  }

  @Override
  public void close() {
    api.close();
  }

  private String register(String serial) {
    return register(serial, "camera");
  }

  private String register(String serial, String profile) {
    return api.post(
            "/devices",
            Json.object()
                .put("manufacturer", "Optica")
                .put("model", "Eye 4")
                .put("serial_number", serial)
                .put("profile", profile)
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

package io.sallyport.bench;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Issuance;
import io.sallyport.policy.Policies;
import io.sallyport.policy.Question.RequestedFlow;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import jakarta.inject.Singleton;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/**
 * Grants a second over TLS, to devices that each keep a connection with a certificate of their own; beside them a Vert.x
 * route that makes one ES256 signature and answers as many octets, asked in turns.
 */
@Singleton
final class GrantsProbe implements Probe {
  private static final int DEVICES = 64;
  private static final int TURNS = 4;
  private static final Duration WARM_UP = Duration.ofSeconds(15);
  private static final Duration BARE_WARM_UP = Duration.ofSeconds(6);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(50);
  /** As long as what a token's signature is over. */
  private static final int SIGNED_OCTETS = 600;

  private static final RequestedFlow FLOW = new RequestedFlow("vms.bench.example", "tcp", 8554);
  private static final String POLICY = """
      apiVersion: sallyport.io/v1
      kind: AccessPolicy
      metadata: {name: bench-grants}
      spec:
        selector: {profile: bench}
        allow: [{peer: vms.bench.example, protocol: tcp, ports: [8554]}]
      """;
  private static final String DETAILS =
      "[{\"type\":\"network_flow\",\"peer\":\"vms.bench.example\",\"protocol\":\"tcp\",\"port\":8554}]";

  private final IssuancePlant plant;
  private final Issuance issuance;
  private final Policies policies;
  private final DecisionPoint decisions;
  private final Keys keys;
  private final BenchSettings settings;
  private final Vertx vertx;
  private final Clock clock;

  GrantsProbe(
      IssuancePlant plant,
      Issuance issuance,
      Policies policies,
      DecisionPoint decisions,
      Keys keys,
      BenchSettings settings,
      Vertx vertx,
      Clock clock) {
    this.plant = plant;
    this.issuance = issuance;
    this.policies = policies;
    this.decisions = decisions;
    this.keys = keys;
    this.settings = settings;
    this.vertx = vertx;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "grants";
  }

  @Override
  public String group() {
    return "decisions";
  }

  /** A device with its certificate. */
  private record Holder(BenchIdentity identity, UUID device, Der certificate) {}

  @Override
  public Figure measure() throws Exception {
    policies.apply(POLICY, Actor.SERVER);
    List<Holder> holders = holders();
    holders.forEach(holder -> awaitPermit(holder.device));
    URI server = URI.create(settings.benchFront());
    List<Buffer> request = List.of(request(server));
    Vertx client = Vertx.vertx(
        new VertxOptions().setEventLoopPoolSize(Runtime.getRuntime().availableProcessors()));
    BenchIdentity signing = new BenchIdentity(keys);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<HttpLoad> loads = new ArrayList<>();
      for (Holder holder : holders) {
        loads.add(new HttpLoad(client, 1, holder.identity.client(holder.certificate)));
      }
      Buffer answer = HttpLoad.body(
          client,
          server,
          request.getFirst(),
          holders.getFirst().identity.client(holders.getFirst().certificate));
      byte[] content = new byte[SIGNED_OCTETS];
      try (BareRoute bare =
          new BareRoute(vertx, new BenchIdentity(keys).selfSigned(clock.instant()), body -> {
            signing.sign(content);
            return answer;
          })) {
        rate(threads, loads, server, request, WARM_UP);
        rate(threads, loads, bare.address(), request, BARE_WARM_UP);
        Duration turn = settings.benchTime().dividedBy(TURNS);
        double grants = 0;
        double route = 0;
        for (int i = 0; i < TURNS; i++) {
          grants += rate(threads, loads, server, request, turn) / TURNS;
          route += rate(threads, loads, bare.address(), request, turn) / TURNS;
        }
        return Figure.of(
            name(), grants, "grants/s", route, "Vert.x route over TLS, one ES256 signature");
      }
    } finally {
      client.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  private List<Holder> holders() throws Exception {
    List<BenchIdentity> identities = new ArrayList<>();
    for (int i = 0; i < DEVICES; i++) {
      identities.add(new BenchIdentity(keys));
    }
    List<IssuancePlant.Asked> asked = plant.orders(
        identities.stream().map(BenchIdentity::subjectPublicKeyInfo).toList());
    List<Holder> holders = new ArrayList<>();
    for (int i = 0; i < DEVICES; i++) {
      IssuancePlant.Asked one = asked.get(i);
      Der certificate = issuance.issue(one.order(), one.guard(), Actor.SERVER).certificate();
      holders.add(
          new Holder(identities.get(i), UUID.fromString(one.order().subject().id()), certificate));
    }
    return holders;
  }

  private void awaitPermit(UUID device) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!decisions.decide(device, FLOW).permit()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("a device of the bench is permitted nothing");
      }
      LockSupport.parkNanos(this, PAUSE.toNanos());
    }
  }

  private static Buffer request(URI server) {
    String body = "grant_type=client_credentials&authorization_details="
        + URLEncoder.encode(DETAILS, StandardCharsets.UTF_8);
    return Buffer.buffer("POST /oauth2/token HTTP/1.1\r\nHost: " + server.getAuthority()
        + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        + body.length() + "\r\n\r\n" + body);
  }

  /** Of all devices together. */
  private static double rate(
      ExecutorService threads,
      List<HttpLoad> loads,
      URI server,
      List<Buffer> request,
      Duration time)
      throws Exception {
    List<Future<Double>> running = new ArrayList<>();
    for (HttpLoad load : loads) {
      running.add(threads.submit(() -> load.rate(server, request, time)));
    }
    double rate = 0;
    for (Future<Double> one : running) {
      rate += one.get();
    }
    return rate;
  }
}

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
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.PemTrustOptions;
import jakarta.inject.Singleton;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/**
 * Grants a second to devices that each keep a connection with a certificate of their own; beside them a Vert.x route over
 * mutual TLS that makes one ES256 signature over as many octets and answers as many, asked by the same clients in turns.
 */
@Singleton
final class GrantsProbe implements Probe {
  private static final int DEVICES = 256;
  /** A machine's speed changes within a minute: both are measured in each of its moods. */
  private static final int TURNS = 4;

  private static final Duration ROUND = Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private static final RequestedFlow FLOW = new RequestedFlow("vms.bench.example", "tcp", 8554);
  private static final String POLICY = """
      apiVersion: sallyport.io/v1
      kind: AccessPolicy
      metadata: {name: bench-grants}
      spec:
        selector: {profile: bench}
        allow: [{peer: vms.bench.example, protocol: tcp, ports: [8554]}]
        grant: {ttl: PT10M}
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

  @Override
  public Figure measure() throws Exception {
    policies.apply(POLICY, Actor.SERVER);
    List<NetClientOptions> devices = new ArrayList<>();
    PemTrustOptions clients = new PemTrustOptions();
    for (Holder holder : holders()) {
      awaitPermit(holder.device);
      devices.add(holder.identity.client(holder.certificate));
      clients.addCertValue(pem(holder.certificate));
    }
    URI server = URI.create(settings.benchFront());
    Buffer request = request(server);
    List<Buffer> requests = List.of(request);
    Vertx client = Vertx.vertx(
        new VertxOptions().setEventLoopPoolSize(Runtime.getRuntime().availableProcessors()));
    try (HttpLoad load = new HttpLoad(client, devices)) {
      Buffer answer = load.answer(server, request);
      BenchIdentity bareServer = new BenchIdentity(keys);
      byte[] signed = signed(answer);
      try (BareRoute bare =
          new BareRoute(vertx, bareServer.selfSigned(clock.instant()), clients, body -> {
            bareServer.sign(signed);
            return answer;
          })) {
        WarmUp.with(ROUND, () -> load.rate(server, requests, ROUND));
        WarmUp.with(ROUND, () -> load.rate(bare.address(), requests, ROUND));
        Duration turn = settings.benchTime().dividedBy(TURNS);
        double grants = 0;
        double route = 0;
        for (int i = 0; i < TURNS; i++) {
          grants += load.rate(server, requests, turn) / TURNS;
          route += load.rate(bare.address(), requests, turn) / TURNS;
        }
        return Figure.of(
            name(), grants, "grants/s", route, "Vert.x route over mutual TLS, an ES256 signature");
      }
    }
  }

  /** A device with its certificate. */
  private record Holder(BenchIdentity identity, UUID device, Der certificate) {}

  private List<Holder> holders() throws Exception {
    List<BenchIdentity> identities = new ArrayList<>();
    for (int i = 0; i < DEVICES; i++) {
      identities.add(new BenchIdentity(keys));
    }
    List<IssuancePlant.Asked> asked = plant.ordersOfActive(
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
    while (true) {
      DecisionPoint.Decision decision = decisions.decide(device, FLOW, Actor.SERVER);
      if (decision.permit()) {
        return;
      }
      if (System.nanoTime() > end) {
        throw new IllegalStateException(
            "a device of the bench is permitted nothing: " + decision.reasons());
      }
      LockSupport.parkNanos(this, PAUSE.toNanos());
    }
  }

  private static Buffer pem(Der certificate) {
    return Buffer.buffer("-----BEGIN CERTIFICATE-----\n"
        + Base64.getMimeEncoder().encodeToString(certificate.octets())
        + "\n-----END CERTIFICATE-----\n");
  }

  /** What a token's signature is over. */
  private static byte[] signed(Buffer answer) {
    String token = new JsonObject(answer).getString("access_token");
    return token.substring(0, token.lastIndexOf('.')).getBytes(StandardCharsets.US_ASCII);
  }

  private static Buffer request(URI server) {
    String body = "grant_type=client_credentials&authorization_details="
        + URLEncoder.encode(DETAILS, StandardCharsets.UTF_8);
    return Buffer.buffer("POST /oauth2/token HTTP/1.1\r\nHost: " + server.getAuthority()
        + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        + body.length() + "\r\n\r\n" + body);
  }
}

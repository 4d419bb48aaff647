package io.sallyport.bench;

import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.PointSettings;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.keys.Keys;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.inject.Singleton;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Questions about {@link DecisionFleet} over the front, by an enforcement point on kept connections. Used by one thread. */
@Singleton
final class DecisionFront {
  private static final String EVALUATION = "/access/v1/evaluation";
  private static final String EVALUATIONS = "/access/v1/evaluations";

  private static final int CONNECTIONS = 32;
  private static final int TURNS = 4;
  /** Far more devices than a processor's caches hold. */
  private static final int QUESTIONS = 1 << 16;

  private static final Duration WARM_UP = Duration.ofSeconds(6);

  private final EnforcementPoints points;
  private final Keys keys;
  private final BenchSettings settings;
  private final Vertx vertx;
  private final Clock clock;
  private @Nullable Asker asker;

  DecisionFront(
      EnforcementPoints points, Keys keys, BenchSettings settings, Vertx vertx, Clock clock) {
    this.points = points;
    this.keys = keys;
    this.settings = settings;
    this.vertx = vertx;
    this.clock = clock;
  }

  /** Answers a second of the server, and of a bare route with the same octets both ways. */
  record Rates(double server, double bare) {
    /** The server's share of what the bare route does; machines are faster in one minute than in the next. */
    double share() {
      return server / bare;
    }
  }

  /** The enforcement point that asks. */
  private record Asker(BenchIdentity identity, Der certificate) {}

  /**
   * Of devices here and there.
   *
   * @param items questions in each request
   * @param peer that a device may open, by its number
   */
  Rates rates(int items, int devices, IntFunction<String> peer) throws Exception {
    URI server = URI.create(settings.benchFront());
    Asker point = asker();
    List<Buffer> requests = requests(server, items, devices, peer);
    Vertx client = Vertx.vertx(
        new VertxOptions().setEventLoopPoolSize(Runtime.getRuntime().availableProcessors()));
    try (HttpLoad load =
        new HttpLoad(client, CONNECTIONS, point.identity.client(point.certificate))) {
      Buffer answer = load.answer(server, requests.getFirst());
      if (!answer.toString().contains("\"decision\":true")) {
        throw new IllegalStateException(answer.toString());
      }
      try (BareRoute bare = new BareRoute(
          vertx, new BenchIdentity(keys).selfSigned(clock.instant()), body -> answer)) {
        load.rate(server, requests, WARM_UP);
        load.rate(bare.address(), requests, WARM_UP);
        Duration turn = settings.benchTime().dividedBy(TURNS);
        double answers = 0;
        double route = 0;
        for (int i = 0; i < TURNS; i++) {
          answers += load.rate(server, requests, turn) / TURNS;
          route += load.rate(bare.address(), requests, turn) / TURNS;
        }
        return new Rates(answers * items, route * items);
      }
    }
  }

  private Asker asker() throws Exception {
    if (asker == null) {
      BenchIdentity identity = new BenchIdentity(keys);
      Der certificate = points
          .add(
              new EnforcementPoints.Application(
                  "bench", PointKind.AUTHZEN, PointSettings.NONE, null, identity.request("bench")),
              Actor.SERVER)
          .credential()
          .certificate();
      asker = new Asker(identity, certificate);
    }
    return asker;
  }

  private static List<Buffer> requests(
      URI server, int items, int devices, IntFunction<String> peer) {
    SplittableRandom random = new SplittableRandom(1);
    List<Buffer> requests = new ArrayList<>();
    for (int i = 0; i < QUESTIONS / items + 1; i++) {
      JsonArray evaluations = new JsonArray();
      for (int item = 0; item < items; item++) {
        int number = random.nextInt(devices);
        evaluations.add(new JsonObject()
            .put(
                "subject",
                new JsonObject()
                    .put("type", "device")
                    .put("id", DecisionFleet.device(number).toString()))
            .put("action", new JsonObject().put("name", "connect"))
            .put(
                "resource",
                new JsonObject()
                    .put("type", "service")
                    .put("id", peer.apply(number))
                    .put("properties", new JsonObject().put("protocol", "tcp").put("port", 8554))));
      }
      requests.add(request(
          server,
          items == 1 ? EVALUATION : EVALUATIONS,
          items == 1
              ? evaluations.getJsonObject(0)
              : new JsonObject().put("evaluations", evaluations)));
    }
    return requests;
  }

  private static Buffer request(URI server, String path, JsonObject body) {
    byte[] octets = body.encode().getBytes(StandardCharsets.UTF_8);
    return Buffer.buffer("POST " + path + " HTTP/1.1\r\nHost: " + server.getAuthority()
            + "\r\nContent-Type: application/json\r\nContent-Length: " + octets.length + "\r\n\r\n")
        .appendBytes(octets);
  }
}

package io.sallyport.door.feed;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.door.Callers;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.door.UseCase;
import io.sallyport.door.feed.PointFeed.Beginning;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.Enforcements;
import io.sallyport.enforcement.PointKind;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Outage;
import io.sallyport.kernel.Refusal;
import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * {@code /feed/v1/{point}/…}: what a point that follows or fetches has to enforce. The caller is the point itself, by its
 * registered certificate; the name in the path only says so again.
 */
@Singleton
final class FeedDoor implements Door {
  private static final String BASE = "/feed/v1/:point/";
  /** One small object. */
  private static final int MOST_BYTES = 1024;

  private static final int LONGEST_CURSOR = 64;
  private static final String DELAY_HEADER = "Sallyport-Declared-Delay";

  private final Feeds feeds;
  private final Enforcements enforcements;
  private final Callers callers;
  private final Exchanges exchanges;
  private final Audit audit;
  private final FeedSettings settings;
  private final Clock clock;

  /** The last list of each point, and the points whose list is over its cap. */
  private final Map<UUID, ListText> lists = new ConcurrentHashMap<>();

  private final Set<UUID> overCap = ConcurrentHashMap.newKeySet();

  FeedDoor(
      Feeds feeds,
      Enforcements enforcements,
      Callers callers,
      Exchanges exchanges,
      Audit audit,
      FeedSettings settings,
      Clock clock) {
    this.feeds = feeds;
    this.enforcements = enforcements;
    this.callers = callers;
    this.exchanges = exchanges;
    this.audit = audit;
    this.settings = settings;
    this.clock = clock;
  }

  @Override
  public void mount(Router router) {
    router.get(BASE + "snapshot").handler(blocking(this::snapshot));
    router.get(BASE + "changes").handler(exchanges.stream(this::changes, Reply::problem));
    router.post(BASE + "acknowledgements").handler(blocking(this::acknowledge));
    router.get(BASE + "list.txt").handler(blocking(this::list));
    router.head(BASE + "list.txt").handler(blocking(this::list));
    router.route(BASE + "snapshot").handler(exchanges.methodNotAllowed("GET", Reply::problem));
    router.route(BASE + "changes").handler(exchanges.methodNotAllowed("GET", Reply::problem));
    router
        .route(BASE + "acknowledgements")
        .handler(exchanges.methodNotAllowed("POST", Reply::problem));
    router
        .route(BASE + "list.txt")
        .handler(exchanges.methodNotAllowed("GET, HEAD", Reply::problem));
  }

  /** Law 8: what a registered point was refused is a fact. */
  private Handler<RoutingContext> blocking(UseCase useCase) {
    return exchanges.handler(
        MOST_BYTES,
        request -> {
          try {
            return useCase.answer(request);
          } catch (Refusal refusal) {
            if (refusal.problem() != CommonProblem.UNAVAILABLE) {
              callers.recordRefusedPoint(request, refusal);
            }
            throw refusal;
          }
        },
        Reply::problem);
  }

  private Reply snapshot(Request request) {
    PointFeed feed = current(point(request));
    return Reply.of(
            200,
            "application/json",
            feed.state().json(clock.instant()).toBuffer().getBytes())
        .with("Cache-Control", "no-store");
  }

  private Consumer<HttpServerResponse> changes(Request request) {
    EnforcementPoint point = point(request);
    PointFeed feed = feeds.of(point);
    Context loop = Vertx.currentContext();
    String after = cursor(request);
    Digest certificate = request.client().thumbprint();
    return response -> open(response, loop, feed, certificate, after);
  }

  private void open(
      HttpServerResponse response,
      Context loop,
      PointFeed feed,
      Digest certificate,
      @Nullable String after) {
    FeedStream[] self = new FeedStream[1];
    FeedStream stream = new FeedStream(
        certificate, response, loop, settings.mostWaiting(), () -> feed.leave(self[0]));
    self[0] = stream;
    Instant now = clock.instant();
    Beginning beginning;
    try {
      beginning = feed.join(stream, after, now);
    } catch (Refusal refusal) {
      Reply reply = Reply.problem(refusal.problem(), refusal.detail());
      response.setStatusCode(reply.status());
      reply.headers().forEach(response::putHeader);
      response.putHeader("Retry-After", "10").end(Buffer.buffer(reply.body()));
      return;
    }
    response
        .setChunked(true)
        .putHeader("Content-Type", "text/event-stream")
        .putHeader("Cache-Control", "no-store");
    switch (beginning) {
      case Beginning.Resumed(List<Buffer> missed, Buffer heartbeat) -> {
        Buffer all = Buffer.buffer("event: resumed\ndata: {\"at\":\"" + now + "\"}\n\n");
        missed.forEach(all::appendBuffer);
        stream.begin(all.appendBuffer(heartbeat));
      }
      case Beginning.Anew(PointFeed.State state, Buffer heartbeat) ->
        loop.<Buffer>executeBlocking(() -> PointFeed.snapshot(state, now), false)
            .onSuccess(snapshot -> stream.begin(snapshot.appendBuffer(heartbeat)))
            .onFailure(failed -> stream.close());
    }
  }

  /** {@code {"position": n}}: the point enforces everything up to there. */
  private Reply acknowledge(Request request) {
    EnforcementPoint point = point(request);
    PointFeed feed = feeds.of(point);
    long position;
    try {
      Object sent = new JsonObject(Buffer.buffer(request.body())).getValue("position");
      if (!(sent instanceof Integer || sent instanceof Long)) {
        throw malformed();
      }
      position = ((Number) sent).longValue();
    } catch (DecodeException e) {
      throw malformed();
    }
    Instant seen = feed.seenAt(position);
    if (seen != null) {
      enforcements.acknowledge(point, seen, "enforces the feed up to position " + position);
    }
    return Reply.json(200, Map.of("position", position));
  }

  private Reply list(Request request) {
    EnforcementPoint point = point(request);
    if (point.kind() != PointKind.LIST) {
      throw new Refusal(
          FeedProblem.NO_FEED, "A point of kind " + point.kind().word() + " has no list.txt.");
    }
    PointFeed feed = current(point);
    Instant seen = feed.confirmedAt();
    ListText list = text(feed);
    int cap = ListText.cap(point);
    if (list.lines() > cap) {
      alarm(point, list.lines(), cap);
      throw new Refusal(
          FeedProblem.FEED_TOO_LARGE,
          "The list has " + list.lines() + " lines and the point takes " + cap
              + "; its firewall would cut it silently. Guard fewer sites or raise cap.");
    }
    overCap.remove(point.id());
    // Who asked with HEAD has not got the list; who is answered 304 has.
    if (seen != null && request.method().equals("GET")) {
      confirm(point, seen);
    }
    boolean known = list.tag().equals(request.header("If-None-Match"));
    Duration delay = point.worstCaseDelay();
    Reply reply = known
        ? new Reply(304, Map.of(), new byte[0])
        : Reply.of(
            200, "text/plain; charset=utf-8", list.text().getBytes(StandardCharsets.US_ASCII));
    return reply
        .with("ETag", list.tag())
        .with("Cache-Control", "private, max-age=" + delay.dividedBy(2).toSeconds())
        .with(DELAY_HEADER, delay.toString());
  }

  private ListText text(PointFeed feed) {
    Instant now = clock.instant();
    UUID id = feed.point().id();
    ListText last = lists.get(id);
    if (last != null && last.isCurrent(feed.version(), now)) {
      return last;
    }
    ListText text = ListText.of(feed.state(), now);
    lists.put(id, text);
    return text;
  }

  /** A fetch shows what the point enforces from now on; that it was fetched counts more than that it is written down. */
  private void confirm(EnforcementPoint point, Instant seen) {
    try {
      enforcements.acknowledge(point, seen, "fetched its list");
    } catch (RuntimeException e) {
      if (!Outage.caused(e)) {
        throw e;
      }
    }
  }

  private void alarm(EnforcementPoint point, int lines, int cap) {
    if (overCap.add(point.id())) {
      audit.recordRefusal(Fact.of("feed.over-cap", Actor.SERVER, "feed", point.id())
          .with("point", point.name())
          .with("lines", lines)
          .with("cap", cap));
    }
  }

  /** Law 5: a node that is not current says nothing new; the point keeps what it has. */
  private PointFeed current(EnforcementPoint point) {
    PointFeed feed = feeds.of(point);
    Instant confirmed = feed.confirmedAt();
    if (confirmed == null
        || Duration.between(confirmed, clock.instant()).compareTo(settings.confirmWithin()) > 0) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE, "This node is not confirmed current; keep what you have.");
    }
    return feed;
  }

  /** The point on the connection, whose feed the path must name. */
  private EnforcementPoint point(Request request) {
    EnforcementPoint point = callers.enforcementPoint(request);
    if (!point.name().equals(request.path().get("point"))) {
      throw new Refusal(
          FeedProblem.NOT_YOUR_FEED,
          "A point sees its own feed only: /feed/v1/" + point.name() + "/");
    }
    if (!Feeds.hasFeed(point.kind())) {
      throw new Refusal(
          FeedProblem.NO_FEED,
          "A point of kind " + point.kind().word() + " asks for decisions; it has no feed.");
    }
    return point;
  }

  private static @Nullable String cursor(Request request) {
    String header = request.header("Last-Event-ID");
    String cursor = header == null ? request.query().get("after") : header;
    return cursor == null || cursor.length() > LONGEST_CURSOR ? null : cursor;
  }

  private static Refusal malformed() {
    return new Refusal(CommonProblem.MALFORMED, "Send {\"position\": number}.");
  }
}

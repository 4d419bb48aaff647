package io.sallyport.door.line;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Batch;
import io.sallyport.devices.Batches;
import io.sallyport.door.ClientChain;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.LineRows;
import io.sallyport.door.Reply;
import io.sallyport.door.RowExchange;
import io.sallyport.enrollment.Stations;
import io.sallyport.enrollment.Stations.Station;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Outage;
import io.sallyport.kernel.Refusal;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jboss.logging.Logger;

/** {@code POST /line/v1/batches/{id}/issue}: what the people's front has for operators, for a station's certificate. */
@Singleton
final class LineDoor implements Door {
  private static final Logger LOG = Logger.getLogger(LineDoor.class);
  private static final String ISSUE = "/line/v1/batches/:id/issue";

  private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
  private final Exchanges exchanges;
  private final Stations stations;
  private final Batches batches;
  private final LineRows rows;
  private final Audit audit;

  LineDoor(Exchanges exchanges, Stations stations, Batches batches, LineRows rows, Audit audit) {
    this.exchanges = exchanges;
    this.stations = stations;
    this.batches = batches;
    this.rows = rows;
    this.audit = audit;
  }

  @Override
  public void mount(Router router) {
    router.post(ISSUE).handler(this::issue);
    router.route(ISSUE).handler(exchanges.methodNotAllowed("POST", Reply::problem));
  }

  private void issue(RoutingContext context) {
    ClientChain client = ClientChain.of(context.request().connection().sslSession());
    String id = context.pathParam("id");
    String remote = context.request().remoteAddress().hostAddress();
    RowExchange exchange = RowExchange.open(context);
    workers.execute(() -> {
      try {
        Station station = exchanges.admitted(remote, () -> stations.recognise(thumbprint(client)));
        Batch batch = batch(station, id);
        rows.issue(
            exchange,
            batch,
            station.name(),
            Actor.station(station.name()),
            () -> stations.recognise(thumbprint(client)));
      } catch (RuntimeException refused) {
        refuse(exchange, refused);
      }
    });
  }

  /** Law 8: what a station is refused stands in the log. */
  private Batch batch(Station station, String id) {
    try {
      Batch batch = batches.get(uuid(id), Set.of());
      if (!station.worksOn(batch)) {
        throw new Refusal(
            CommonProblem.FORBIDDEN, "This station works on another line or another batch.");
      }
      return batch;
    } catch (Refusal refusal) {
      audit.recordRefusal(
          Fact.of("station.refused", Actor.station(station.name()), "station", station.id())
              .with("problem", refusal.problem().slug()));
      throw refusal;
    }
  }

  private static UUID uuid(String id) {
    try {
      return UUID.fromString(id);
    } catch (IllegalArgumentException e) {
      throw new Refusal(CommonProblem.NOT_FOUND, "The id in the path must be a UUID.");
    }
  }

  private static Digest thumbprint(ClientChain client) {
    if (client.certificates().isEmpty()) {
      throw new Refusal(
          CommonProblem.UNAUTHENTICATED, "Connect with the certificate of a registered station.");
    }
    return client.thumbprint();
  }

  private static void refuse(RowExchange exchange, RuntimeException why) {
    Reply reply;
    if (why instanceof Refusal refusal) {
      reply = Reply.problem(refusal.problem(), refusal.detail());
    } else if (Outage.caused(why)) {
      reply = Reply.problem(
          CommonProblem.UNAVAILABLE,
          "The database cannot be reached at the moment; try again shortly.");
    } else {
      LOG.error("a station's stream failed", why);
      reply = Reply.problem(CommonProblem.INTERNAL, "The server failed; its log tells why.");
    }
    exchange.refuse(
        reply.status(),
        "application/problem+json",
        new String(reply.body(), StandardCharsets.UTF_8));
  }
}

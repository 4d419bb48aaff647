package io.sallyport.admin.console;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Devices;
import io.sallyport.events.Changes.Change;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.subscription.BackPressureStrategy;
import io.smallrye.mutiny.subscription.MultiEmitter;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Server-sent events that say that something changed, and not what: a page asks for its parts again, with its rights. */
@Path("/console/live")
@Blocking
class LiveResource {
  /** Keeps what stands in between from closing the connection, and finds out that nobody listens. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(15);

  /** Then the browser comes again, and whoever may not any more is refused. */
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private final LiveChanges live;
  private final Devices devices;
  private final Caller caller;

  LiveResource(LiveChanges live, Devices devices, Caller caller) {
    this.live = live;
    this.devices = devices;
    this.caller = caller;
  }

  @GET
  @Produces(MediaType.SERVER_SENT_EVENTS)
  @Requires(Right.READ)
  public Multi<OutboundSseEvent> fleet(@Context Sse sse) {
    return events(sse, change -> true);
  }

  /** Decisions and grants are facts about themselves; that there are new ones is worth a look. */
  @GET
  @Path("devices/{id}")
  @Produces(MediaType.SERVER_SENT_EVENTS)
  @Requires(Right.READ)
  public Multi<OutboundSseEvent> device(@PathParam("id") UUID id, @Context Sse sse) {
    devices.get(id, caller.sites());
    String device = id.toString();
    return events(
        sse,
        change -> change.subject().equals(device)
            || change.subjectType().equals("decision-batch")
            || change.subjectType().equals("grant")
            || change.subjectType().equals("session")
            || change.subjectType().equals("enforcement"));
  }

  private Multi<OutboundSseEvent> events(Sse sse, Predicate<Change> counts) {
    OutboundSseEvent changed = sse.newEventBuilder().name("changed").data("1").build();
    OutboundSseEvent heartbeat =
        sse.newEventBuilder().name("heartbeat").data("1").build();
    Multi<OutboundSseEvent> changes = Multi.createFrom()
        .emitter(emitter -> watch(emitter, counts, changed), BackPressureStrategy.DROP);
    Multi<OutboundSseEvent> heartbeats =
        Multi.createFrom().ticks().every(HEARTBEAT).onOverflow().drop().map(tick -> heartbeat);
    return Multi.createBy().merging().streams(changes, heartbeats).select().first(LONGEST);
  }

  private void watch(
      MultiEmitter<? super OutboundSseEvent> emitter,
      Predicate<Change> counts,
      OutboundSseEvent changed) {
    Consumer<List<Change>> watcher = found -> {
      if (found.stream().anyMatch(counts)) {
        emitter.emit(changed);
      }
    };
    live.watch(watcher);
    emitter.onTermination(() -> live.leave(watcher));
  }
}

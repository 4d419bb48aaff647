package io.sallyport.admin.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Batch;
import io.sallyport.devices.Batches;
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
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** How far a batch is, as server-sent events. */
@Path(Api.V1 + "/batches/{id}/events")
@Blocking
@Tag(name = "batches")
class BatchEventsResource {
  private final Batches batches;
  private final BatchWatch watch;
  private final Caller caller;
  private final ObjectMapper json;

  BatchEventsResource(Batches batches, BatchWatch watch, Caller caller, ObjectMapper json) {
    this.batches = batches;
    this.watch = watch;
    this.caller = caller;
    this.json = json;
  }

  @GET
  @Produces(MediaType.SERVER_SENT_EVENTS)
  @Requires(Right.READ)
  @Operation(
      operationId = "followBatch",
      summary = "Follow how far a batch is",
      description =
          "Server-sent events: \"progress\" at once and then when something changed, once a second at most, with the batch"
              + " as getBatch has it and \"per_second\"; \"heartbeat\" after 15 s of silence; \"closed\" as the last one"
              + " of a closed batch. The stream ends after 5 minutes, or when the server stops: then ask again. Each"
              + " event says everything, so Last-Event-ID is not looked at. A node has 100 listeners at most, then 503.")
  @APIResponseSchema(value = Events.class, responseCode = "200", responseDescription = "OK")
  public Multi<OutboundSseEvent> events(@PathParam("id") UUID id, @Context Sse sse) {
    Batch batch = batches.get(id, caller.sites());
    return Multi.createFrom()
        .emitter(emitter -> watch(batch, emitter, sse), BackPressureStrategy.LATEST);
  }

  /** Lines of text. */
  @Schema(
      name = "BatchEvents",
      type = org.eclipse.microprofile.openapi.annotations.enums.SchemaType.STRING)
  private static final class Events {}

  private void watch(Batch batch, MultiEmitter<? super OutboundSseEvent> emitter, Sse sse) {
    BatchWatch.Listener listener = new BatchWatch.Listener() {
      @Override
      public void progress(Batch now, int perSecond) {
        String name = now.state() == Batch.State.CLOSED ? "closed" : "progress";
        emitter.emit(sse.newEventBuilder().name(name).data(text(now, perSecond)).build());
      }

      @Override
      public void heartbeat() {
        emitter.emit(sse.newEventBuilder().name("heartbeat").data("{}").build());
      }

      @Override
      public void end() {
        emitter.complete();
      }
    };
    emitter.onTermination(() -> watch.leave(listener));
    try {
      watch.watch(batch, listener);
    } catch (RuntimeException refused) {
      emitter.fail(refused);
    }
  }

  private String text(Batch batch, int perSecond) {
    ObjectNode shown = json.valueToTree(BatchesResource.BatchView.of(batch));
    try {
      return json.writeValueAsString(shown.put("per_second", perSecond));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a batch could not be written", e);
    }
  }
}

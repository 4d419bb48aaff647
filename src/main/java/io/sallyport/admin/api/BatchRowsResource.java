package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Batches;
import io.sallyport.devices.Batches.Trouble;
import io.sallyport.enrollment.BatchRows;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Rows of a batch that did not go well. */
@Path(Api.V1 + "/batches/{id}")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "batches")
class BatchRowsResource {
  private final Batches batches;
  private final BatchRows rows;
  private final Caller caller;
  private final Once once;

  BatchRowsResource(Batches batches, BatchRows rows, Caller caller, Once once) {
    this.batches = batches;
    this.rows = rows;
    this.caller = caller;
    this.once = once;
  }

  @GET
  @Path("refusals")
  @Requires(Right.READ)
  @Operation(
      operationId = "listBatchRefusals",
      summary = "What rows that have no certificate were last refused",
      description = "Of a batch a thousand rows at most, and of one stream the first hundred.")
  public Items<RefusalView> refusals(@PathParam("id") UUID id, @BeanParam Paging paging) {
    batches.get(id, caller.sites());
    return paging.of(
        "batch-refusals", (cursor, limit) -> batches.troubles(id, cursor, limit), RefusalView::of);
  }

  @POST
  @Path("rows/{row}/reopen")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.REPLACE_DEVICES)
  @Operation(
      operationId = "reopenBatchRow",
      summary =
          "Take a row up again: what its device has is revoked, and the line may ask once more")
  public BatchesResource.RowView reopen(
      @PathParam("id") UUID id, @PathParam("row") String row, @Nullable RowReason body) {
    batches.get(id, caller.sites());
    String reason = reason(body);
    return once.run(
        200,
        () -> BatchesResource.RowView.of(
            rows.reopen(id, row, caller.sites(), reason, caller.actor())));
  }

  @POST
  @Path("rows/{row}/give-up")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.REPLACE_DEVICES)
  @Operation(
      operationId = "giveUpBatchRow",
      summary =
          "Give a row up for good: its device is decommissioned, and another may take its place in what was ordered")
  public BatchesResource.RowView giveUp(
      @PathParam("id") UUID id, @PathParam("row") String row, @Nullable RowReason body) {
    batches.get(id, caller.sites());
    String reason = reason(body);
    return once.run(
        200,
        () -> BatchesResource.RowView.of(
            rows.giveUp(id, row, caller.sites(), reason, caller.actor())));
  }

  private static String reason(@Nullable RowReason body) {
    return Fields.text("reason", Fields.body(body).reason());
  }

  /** Why somebody does this. */
  @Schema(name = "RowReason", requiredProperties = "reason")
  record RowReason(@Nullable String reason) {}

  /** A refusal, as people see it. */
  @Schema(name = "BatchRefusal")
  record RefusalView(
      String row,
      String problem,
      String detail,
      @Schema(nullable = true) @Nullable String station,
      Instant at) {
    static RefusalView of(Trouble trouble) {
      return new RefusalView(
          trouble.row(), trouble.problem(), trouble.detail(), trouble.station(), trouble.at());
    }
  }
}

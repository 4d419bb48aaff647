package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Batch;
import io.sallyport.devices.Batches;
import io.sallyport.devices.Batches.WorkOrder;
import io.sallyport.enrollment.BatchManifests;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.InputStream;
import java.time.Instant;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** Work orders of manufacturing lines; their streams are served by {@link BatchStreams}. */
@Path(Api.V1 + "/batches")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "batches")
class BatchesResource {
  private final Batches batches;
  private final BatchManifests manifests;
  private final Caller caller;
  private final Once once;

  BatchesResource(Batches batches, BatchManifests manifests, Caller caller, Once once) {
    this.batches = batches;
    this.manifests = manifests;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(value = BatchView.class, responseCode = "201", responseDescription = "Created")
  @Requires(Right.REGISTER_DEVICES)
  @Operation(operationId = "createBatch", summary = "Order so many devices of a model")
  public BatchView create(@Nullable NewBatch body) {
    NewBatch wanted = Fields.body(body);
    WorkOrder order = new WorkOrder(
        Fields.text("name", wanted.name()),
        Fields.text("manufacturer", wanted.manufacturer()),
        Fields.text("model", wanted.model()),
        Fields.text("profile", wanted.profile()),
        wanted.certificateProfile(),
        Fields.text("owner", wanted.owner()),
        Fields.text("site", wanted.site()),
        wanted.line(),
        wanted.serialPattern(),
        Fields.required("ordered", wanted.ordered()));
    caller.requireSite(order.site());
    return once.run(201, () -> BatchView.of(batches.create(order, caller.actor())));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listBatches", summary = "List batches")
  public Items<BatchView> list(@BeanParam Paging paging) {
    return paging.of(
        "batches", (cursor, limit) -> batches.list(caller.sites(), cursor, limit), BatchView::of);
  }

  @GET
  @Path("{id}")
  @Requires(Right.READ)
  @Operation(operationId = "getBatch", summary = "One batch and how far it is")
  public BatchView get(@PathParam("id") UUID id) {
    return BatchView.of(batches.get(id, caller.sites()));
  }

  @GET
  @Path("{id}/rows")
  @Requires(Right.READ)
  @Operation(
      operationId = "listBatchRows",
      summary = "Rows of a batch, each with its device and whether it has its certificate")
  public Items<RowView> rows(@PathParam("id") UUID id, @BeanParam Paging paging) {
    batches.get(id, caller.sites());
    return paging.of("batch-rows", (cursor, limit) -> batches.list(id, cursor, limit), RowView::of);
  }

  @POST
  @Path("{id}/close")
  @Requires(Right.REGISTER_DEVICES)
  @Operation(
      operationId = "closeBatch",
      summary = "Take nothing more for a batch, and sign its manifest")
  public BatchView close(@PathParam("id") UUID id) {
    batches.get(id, caller.sites());
    return once.apart(200, () -> BatchView.of(manifests.close(id, caller.actor())));
  }

  @GET
  @Path("{id}/manifest")
  @Produces("application/x-ndjson")
  @Requires(Right.READ)
  @Operation(
      operationId = "getBatchManifest",
      summary = "The manifest of a closed batch: the order, then every device and its certificate")
  @APIResponseSchema(value = String.class, responseCode = "200", responseDescription = "OK")
  public StreamingOutput manifest(@PathParam("id") UUID id) {
    batches.get(id, caller.sites());
    InputStream manifest = manifests.manifest(id);
    return manifest::transferTo;
  }

  @GET
  @Path("{id}/manifest.p7s")
  @Produces("application/pkcs7-signature")
  @Requires(Right.READ)
  @Operation(
      operationId = "getBatchManifestSignature",
      summary = "The signature of the manifest: CMS, detached, in DER")
  public byte[] signature(@PathParam("id") UUID id) {
    batches.get(id, caller.sites());
    return manifests.signature(id).octets();
  }

  /** Reached by nobody who sends anything: {@link BatchStreams} answers before. */
  @POST
  @Path("{id}/issue")
  @Consumes("application/x-ndjson")
  @Produces("application/x-ndjson")
  @Requires(Right.REGISTER_DEVICES)
  @Operation(
      operationId = "issueBatch",
      summary = "Stream requests in and certificates out",
      description =
          "Lines of JSON both ways, in any order: {\"row\", \"serial_number\", \"csr\", \"labels\"} in; out one a row with"
              + " \"status\" issued (\"again\", \"device\", \"serial\", \"certificate\") or refused (\"problem\","
              + " \"detail\"). The last line is {\"done\": …}; where it is missing, send all rows again: a row that"
              + " has its certificate gets the same.")
  public String issue(@PathParam("id") UUID id, @Nullable String lines) {
    throw new Refusal(CommonProblem.MALFORMED, "Send lines of JSON.");
  }

  /** As {@link #issue}. */
  @POST
  @Path("{id}/import")
  @Consumes({"text/csv", "application/x-ndjson"})
  @Produces("application/x-ndjson")
  @Requires(Right.REGISTER_DEVICES)
  @Operation(
      operationId = "importBatch",
      summary = "Register what a file lists",
      description =
          "CSV whose header names serial_number and, if they are wanted, row and label:NAME; or lines of JSON with the"
              + " same and \"labels\". A file that is not whole changes nothing. Out comes a line of JSON a row with"
              + " \"status\" registered, exists or refused, the last is {\"done\": …}; where it is missing, send the"
              + " file again. With check nothing is changed, and what would be registered is new.")
  public String importing(
      @PathParam("id") UUID id,
      @QueryParam("check") @DefaultValue("false") boolean check,
      @Nullable String lines) {
    throw new Refusal(CommonProblem.MALFORMED, "Send lines of CSV or JSON.");
  }

  /** A work order. */
  @Schema(
      name = "NewBatch",
      requiredProperties = {"name", "manufacturer", "model", "profile", "owner", "site", "ordered"})
  record NewBatch(
      @Nullable String name,
      @Nullable String manufacturer,
      @Nullable String model,
      @Schema(description = "The device profile.") @Nullable String profile,

      @Schema(description = "The certificate profile; else the first of the device profile.")
      @Nullable
      String certificateProfile,

      @Nullable String owner,
      @Nullable String site,
      @Nullable String line,

      @Schema(description = "Which serial numbers there may be: * for anything, # for a digit.")
      @Nullable
      String serialPattern,

      @Schema(minimum = "1", maximum = "5000000") @Nullable Integer ordered) {}

  /** A batch, as people see it. */
  @Schema(name = "Batch")
  record BatchView(
      UUID id,
      String name,
      String manufacturer,
      String model,
      String profile,
      @Schema(nullable = true) @Nullable String certificateProfile,
      String owner,
      String site,
      @Schema(nullable = true) @Nullable String line,
      @Schema(nullable = true) @Nullable String serialPattern,
      int ordered,
      int registered,
      int issued,
      long refused,

      @Schema(description = "Rows whose units came to nothing.")
      int givenUp,

      @Schema(enumeration = {"open", "closing", "closed"}) String state,
      Instant createdAt,
      @Schema(nullable = true) @Nullable Instant closedAt,

      @Schema(nullable = true, description = "SHA-256 of the manifest, once the batch is closed.")
      @Nullable
      String manifestSha256) {
    static BatchView of(Batch batch) {
      WorkOrder order = batch.order();
      return new BatchView(
          batch.id(),
          order.name(),
          order.manufacturer(),
          order.model(),
          order.profile(),
          order.certificateProfile(),
          order.owner(),
          order.site(),
          order.line(),
          order.serialPattern(),
          order.ordered(),
          batch.registered(),
          batch.issued(),
          batch.refused(),
          batch.givenUp(),
          batch.state().word(),
          batch.createdAt(),
          batch.closedAt(),
          batch.manifest() == null ? null : batch.manifest().hex());
    }
  }

  /** A row, as people see it. */
  @Schema(name = "BatchRow")
  record RowView(
      String row,
      UUID device,
      String serialNumber,

      @Schema(enumeration = {"registered", "issued", "given-up"})
      String state,

      @Schema(nullable = true, description = "SHA-256 of the certificate.") @Nullable
      String sha256) {
    static RowView of(Batches.Row row) {
      return new RowView(
          row.key(),
          row.device().id(),
          row.device().hardware().serialNumber(),
          row.state(),
          row.certificate() == null ? null : row.certificate().hex());
    }
  }
}

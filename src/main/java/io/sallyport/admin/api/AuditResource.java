package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.Checkpoint;
import io.sallyport.audit.CheckpointDeliveries;
import io.sallyport.audit.LogEntry;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The log, for whoever verifies it. Positions and sizes are their own cursors. */
@Path(Api.V1 + "/audit")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "audit")
class AuditResource {
  private static final int USUAL = 100;

  private final AuditLog log;
  private final CheckpointDeliveries deliveries;
  private final Devices devices;
  private final Caller caller;

  AuditResource(AuditLog log, CheckpointDeliveries deliveries, Devices devices, Caller caller) {
    this.deliveries = deliveries;
    this.devices = devices;
    this.caller = caller;
    this.log = log;
  }

  @GET
  @Path("facts")
  @Requires(Right.READ_AUDIT)
  @Operation(
      operationId = "listFacts",
      summary = "Numbered facts in order, with the octets that the log's tree holds")
  public Items<FactView> facts(
      @QueryParam("after")
          @Parameter(
              description = "Only facts with a higher position.",
              schema = @Schema(type = SchemaType.INTEGER, minimum = "0", defaultValue = "0"))
          @Nullable
          String after,
      @QueryParam("limit")
          @Parameter(
              schema =
                  @Schema(
                      type = SchemaType.INTEGER,
                      minimum = "1",
                      maximum = "1000",
                      defaultValue = "100"))
          @Nullable
          String limit,
      @QueryParam("subject") @Parameter(description = "Only facts about this id.") @Nullable
          String subject,
      @QueryParam("kind") @Parameter(description = "Only facts of this kind.") @Nullable
          String kind) {
    if (!caller.sites().isEmpty()) {
      requireDeviceOnSites(subject);
    }
    Page<LogEntry> page = log.entries(from(after), most(limit), subject, kind);
    return new Items<>(page.items().stream().map(FactView::of).toList(), page.next());
  }

  @GET
  @Path("leaves")
  @Requires(value = Right.READ_AUDIT, everySite = true)
  @Operation(
      operationId = "listLeaves",
      summary = "Leaf hashes of sealed facts in order, also of those whose content was dropped")
  public Items<LeafView> leaves(
      @QueryParam("after")
          @Parameter(
              description = "Only facts with a higher position.",
              schema = @Schema(type = SchemaType.INTEGER, minimum = "0", defaultValue = "0"))
          @Nullable
          String after,
      @QueryParam("limit")
          @Parameter(
              schema =
                  @Schema(
                      type = SchemaType.INTEGER,
                      minimum = "1",
                      maximum = "1000",
                      defaultValue = "100"))
          @Nullable
          String limit) {
    Page<AuditLog.Leaf> page = log.leaves(from(after), most(limit));
    return new Items<>(
        page.items().stream()
            .map(leaf -> new LeafView(leaf.position(), leaf.hash().hex()))
            .toList(),
        page.next());
  }

  @GET
  @Path("checkpoints")
  @Requires(Right.READ)
  @Operation(operationId = "listCheckpoints", summary = "Signed checkpoints in order")
  public Items<CheckpointView> checkpoints(
      @QueryParam("after")
          @Parameter(
              description = "Only checkpoints of a larger size.",
              schema = @Schema(type = SchemaType.INTEGER, minimum = "0", defaultValue = "0"))
          @Nullable
          String after,
      @QueryParam("limit")
          @Parameter(
              schema =
                  @Schema(
                      type = SchemaType.INTEGER,
                      minimum = "1",
                      maximum = "1000",
                      defaultValue = "100"))
          @Nullable
          String limit) {
    Page<Checkpoint> page = log.checkpoints(from(after), most(limit));
    return new Items<>(page.items().stream().map(CheckpointView::of).toList(), page.next());
  }

  @GET
  @Path("checkpoints/latest")
  @Requires(Right.READ)
  @Operation(
      operationId = "getLatestCheckpoint",
      summary = "The signed checkpoint that covers most")
  public CheckpointView latest() {
    return log.latest()
        .map(CheckpointView::of)
        .orElseThrow(() ->
            new Refusal(CommonProblem.NOT_FOUND, "Nothing is sealed yet; ask again in a second."));
  }

  @GET
  @Path("key")
  @Requires(Right.READ)
  @Operation(
      operationId = "getLogKey",
      summary = "The key that verifies checkpoints (C2SP signed-note)")
  public KeyView key() {
    return new KeyView(log.verifierKey());
  }

  @GET
  @Path("deliveries")
  @Requires(Right.READ)
  @Operation(
      operationId = "listCheckpointDeliveries",
      summary = "Places outside of the server that keep its checkpoints, and how far each is")
  public Items<DeliveryView> deliveries() {
    return new Items<>(deliveries.deliveries().stream().map(DeliveryView::of).toList(), null);
  }

  /** Facts know no site; what is told about a device is for whoever sees the device. */
  private void requireDeviceOnSites(@Nullable String subject) {
    if (subject == null) {
      throw new Refusal(
          CommonProblem.FORBIDDEN,
          "The log is not divided by site; give the id of one of your devices as \"subject\".");
    }
    devices.get(Fields.uuid("subject", subject), caller.sites());
  }

  private static long from(@Nullable String after) {
    return Fields.number("after", after, 0, 0, Long.MAX_VALUE);
  }

  private static int most(@Nullable String limit) {
    return (int) Fields.number("limit", limit, USUAL, 1, Page.MOST);
  }

  /** A fact as it stands in the log. */
  @Schema(name = "Fact")
  record FactView(
      long position,
      UUID id,
      Instant at,
      String kind,
      String actor,
      String subjectType,
      String subject,
      Map<String, String> detail,

      @Schema(description = "Base64 of the exact octets of the tree's leaf.")
      String leaf,

      @Schema(description = "The leaf hash (RFC 6962 §2.1) in hex.")
      String hash) {
    static FactView of(LogEntry entry) {
      return new FactView(
          entry.position(),
          entry.id(),
          entry.at(),
          entry.kind(),
          entry.actor(),
          entry.subjectType(),
          entry.subject(),
          entry.detail(),
          Base64.getEncoder().encodeToString(entry.leaf().octets()),
          entry.hash().hex());
    }
  }

  /** What the tree has of a fact for ever. */
  @Schema(name = "LogLeaf")
  record LeafView(
      long position,

      @Schema(description = "The leaf hash (RFC 6962 §2.1) in hex.")
      String hash) {}

  /** What the log committed to. */
  @Schema(name = "Checkpoint")
  record CheckpointView(
      long size,
      @Schema(description = "Base64 of the tree's hash.") String root,
      Instant at,

      @Schema(description = "The signed note (C2SP tlog-checkpoint), cosignatures included.")
      String note) {
    static CheckpointView of(Checkpoint checkpoint) {
      return new CheckpointView(
          checkpoint.size(),
          Base64.getEncoder().encodeToString(checkpoint.root().octets()),
          checkpoint.at(),
          checkpoint.note());
    }
  }

  /** How far a place outside has the log. */
  @Schema(name = "CheckpointDelivery")
  record DeliveryView(
      @Schema(description = "file, store or witness") String kind,
      @Schema(description = "A path, or a verifier key.") String place,

      @Schema(description = "Of the newest checkpoint that it has, 0 for none.")
      long size,

      @Nullable Instant at,

      @Schema(description = "Since when there is a checkpoint that it does not have.") @Nullable
      Instant waitingSince,

      @Schema(description = "Why nothing can be delivered.") @Nullable
      String complaint) {
    static DeliveryView of(CheckpointDeliveries.Delivery delivery) {
      return new DeliveryView(
          delivery.kind(),
          delivery.place(),
          delivery.size(),
          delivery.at(),
          delivery.waitingSince(),
          delivery.complaint());
    }
  }

  /** A verifier key. */
  @Schema(name = "LogKey")
  record KeyView(@Schema(description = "name+id+key") String vkey) {}
}

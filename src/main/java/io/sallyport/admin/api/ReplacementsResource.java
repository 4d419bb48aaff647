package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decommission.Replacements;
import io.sallyport.decommission.Replacements.NewLife;
import io.sallyport.decommission.Replacements.Replacement;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** A spare in the place of a failed device, and a returned unit under a new identity. */
@Path(Api.V1 + "/devices/{id}")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "devices")
class ReplacementsResource {
  private final Devices devices;
  private final Replacements replacements;
  private final Caller caller;
  private final Once once;

  ReplacementsResource(Devices devices, Replacements replacements, Caller caller, Once once) {
    this.devices = devices;
    this.replacements = replacements;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Path("replace")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.REPLACE_DEVICES)
  @Operation(
      operationId = "replaceDevice",
      summary = "Put a spare in the place of a failed device",
      description =
          "In one commit the spare takes over name, profile, labels, site and owner, and the failed device is"
              + " decommissioned; its addresses follow when the enforcement points have let go of it. Repeating it"
              + " changes nothing.")
  public ReplacementView replace(@PathParam("id") UUID id, @Nullable Replace body) {
    devices.get(id, caller.sites());
    Replace wanted = Fields.body(body);
    UUID spare = Fields.uuid("spare", wanted.spare());
    String reason = Fields.text("reason", wanted.reason());
    boolean otherModel = Boolean.TRUE.equals(wanted.otherModel());
    if (otherModel) {
      caller.require(Right.CONTROL_DEVICES);
    }
    return once.run(
        200,
        () -> ReplacementView.of(
            replacements.replace(id, spare, otherModel, reason, caller.sites(), caller.actor())));
  }

  @GET
  @Path("replacement")
  @Requires(Right.READ)
  @Operation(
      operationId = "getReplacement",
      summary = "Who took the place of a device, or whose place it took")
  public ReplacementView replacement(@PathParam("id") UUID id) {
    devices.get(id, caller.sites());
    return replacements
        .find(id)
        .map(ReplacementView::of)
        .orElseThrow(() -> new Refusal(
            CommonProblem.NOT_FOUND, "The device was not replaced, and it took nobody's place."));
  }

  @POST
  @Path("remanufacture")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.REPLACE_DEVICES)
  @Operation(
      operationId = "remanufactureDevice",
      summary = "Give a returned unit a new identity",
      description =
          "Registers a new device on the same hardware unit; the old one is decommissioned if it was not. What is left out"
              + " is as it was, but the name. The unit keeps its keys. Repeating it answers the same new device.")
  public DeviceView remanufacture(@PathParam("id") UUID id, @Nullable Remanufacture body) {
    devices.get(id, caller.sites());
    Remanufacture wanted = Fields.body(body);
    String reason = Fields.text("reason", wanted.reason());
    NewLife life = new NewLife(
        optional("name", wanted.name()),
        optional("profile", wanted.profile()),
        optional("owner", wanted.owner()),
        optional("site", wanted.site()),
        wanted.labels() == null ? null : Fields.labels("labels", wanted.labels()));
    return once.run(
        200,
        () -> DeviceView.of(
            replacements.remanufacture(id, life, reason, caller.sites(), caller.actor())));
  }

  private static @Nullable String optional(String field, @Nullable String value) {
    return value == null ? null : Fields.text(field, value);
  }

  /** Who takes the place, and why. */
  @Schema(
      name = "Replace",
      requiredProperties = {"spare", "reason"})
  record Replace(
      @Schema(description = "The id of the device that takes the place.") @Nullable
      String spare,

      @Nullable String reason,

      @Schema(description = "Take a spare of another model too; for fleet operators.") @Nullable
      Boolean otherModel) {}

  /** What the unit is to be. */
  @Schema(name = "Remanufacture", requiredProperties = "reason")
  record Remanufacture(
      @Nullable String name,
      @Nullable String profile,
      @Nullable String owner,
      @Nullable String site,
      @Nullable Map<String, @Nullable String> labels,
      @Nullable String reason) {}

  /** A spare in the place of a failed device. */
  @Schema(name = "Replacement")
  record ReplacementView(
      UUID failed, UUID spare, String name, String reason, String replacedBy, Instant replacedAt) {
    static ReplacementView of(Replacement replacement) {
      return new ReplacementView(
          replacement.failed(),
          replacement.spare(),
          replacement.name(),
          replacement.reason(),
          replacement.by(),
          replacement.at());
    }
  }
}

package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.RenewalWaivers;
import io.sallyport.enrollment.RenewalWaivers.Waiver;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Devices that may renew by a certificate that has expired. */
@Path(Api.V1 + "/devices/{id}/allow-renewal")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "devices")
class RenewalWaiversResource {
  private static final Duration USUAL_LIFETIME = Duration.ofDays(1);

  private final RenewalWaivers waivers;
  private final Devices devices;
  private final Caller caller;
  private final Once once;

  RenewalWaiversResource(RenewalWaivers waivers, Devices devices, Caller caller, Once once) {
    this.waivers = waivers;
    this.devices = devices;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.CONTROL_DEVICES)
  @Operation(
      operationId = "allowRenewal",
      summary = "Let a device renew by a certificate that has expired, for a while")
  public WaiverView allow(@PathParam("id") UUID id, @Nullable NewWaiver body) {
    NewWaiver wanted = Fields.body(body);
    devices.get(id, caller.sites());
    String reason = Fields.text("reason", wanted.reason());
    Duration lifetime = Fields.duration("lifetime", wanted.lifetime(), USUAL_LIFETIME);
    return once.run(200, () -> WaiverView.of(waivers.allow(id, lifetime, reason, caller.actor())));
  }

  /** For how long, and why. */
  @Schema(name = "NewRenewalWaiver", requiredProperties = "reason")
  record NewWaiver(
      @Nullable String reason,

      @Schema(description = "An ISO 8601 duration, at most 30 days.", defaultValue = "P1D")
      @Nullable
      String lifetime) {}

  /** Until when a device may renew by an expired certificate. */
  @Schema(name = "RenewalWaiver")
  record WaiverView(UUID device, Instant allowedAt, Instant until, String reason) {
    static WaiverView of(Waiver waiver) {
      return new WaiverView(waiver.device(), waiver.allowedAt(), waiver.until(), waiver.reason());
    }
  }
}

package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.Ownerships;
import io.sallyport.enrollment.Ownerships.Claim;
import io.sallyport.enrollment.Ownerships.Entry;
import io.sallyport.enrollment.Ownerships.Release;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Devices pass from one owner to the next. */
@Path(Api.V1 + "/ownership")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "ownership")
class OwnershipResource {
  private static final Duration USUAL_LIFETIME = Duration.ofDays(30);

  private final Ownerships ownerships;
  private final Devices devices;
  private final Caller caller;
  private final Once once;

  OwnershipResource(Ownerships ownerships, Devices devices, Caller caller, Once once) {
    this.ownerships = ownerships;
    this.devices = devices;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Path("devices/{id}/release")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.CONTROL_DEVICES)
  @Operation(
      operationId = "releaseOwnership",
      summary = "Let the next owner claim a device by a code, which is told once")
  public ReleaseView release(@PathParam("id") UUID id, @Nullable NewRelease body) {
    NewRelease wanted = Fields.body(body);
    String to = wanted.to() == null ? null : Fields.text("to", wanted.to());
    Duration lifetime = Fields.duration("lifetime", wanted.lifetime(), USUAL_LIFETIME);
    devices.get(id, caller.sites());
    return once.run(
        200, () -> ReleaseView.of(ownerships.release(id, to, lifetime, caller.actor())));
  }

  @DELETE
  @Path("devices/{id}/release")
  @Requires(Right.CONTROL_DEVICES)
  @Operation(operationId = "keepOwnership", summary = "Take a release back")
  public void keep(@PathParam("id") UUID id) {
    devices.get(id, caller.sites());
    ownerships.keep(id, caller.actor());
  }

  @GET
  @Path("devices/{id}")
  @Requires(Right.READ)
  @Operation(operationId = "getOwnership", summary = "A device's owner and those before")
  public OwnershipView history(@PathParam("id") UUID id) {
    String owner = devices.get(id, caller.sites()).owner();
    return new OwnershipView(
        id, owner, ownerships.history(id).stream().map(EntryView::of).toList());
  }

  @POST
  @Path("claims")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.REGISTER_DEVICES)
  @Operation(
      operationId = "claimOwnership",
      summary = "Take a released device over",
      description =
          "All that the device had under its last owner ends in the same commit: certificates, attestation keys,"
              + " addresses, tokens, accounts and labels. It enrolls anew.")
  public DeviceView claim(@Nullable NewClaim body) {
    NewClaim wanted = Fields.body(body);
    String code = Fields.text("code", wanted.code());
    Claim claim = new Claim(
        Fields.text("owner", wanted.owner()),
        Fields.text("site", wanted.site()),
        wanted.profile() == null ? null : Fields.text("profile", wanted.profile()));
    caller.requireSite(claim.site());
    return once.run(200, () -> DeviceView.of(ownerships.claim(code, claim, caller.actor())));
  }

  /** To whom a device is released. */
  @Schema(name = "NewRelease")
  record NewRelease(
      @Schema(description = "The only owner who may claim it; without it whoever has the code.")
      @Nullable
      String to,

      @Schema(description = "An ISO 8601 duration, at most 365 days.", defaultValue = "P30D")
      @Nullable
      String lifetime) {}

  /** A release with its code. */
  @Schema(name = "Release")
  record ReleaseView(
      UUID device, @Schema(description = "Told once.") String code, Instant expiresAt) {
    static ReleaseView of(Release release) {
      return new ReleaseView(release.device(), release.code(), release.expiresAt());
    }

    /** Without the code. */
    @Override
    public String toString() {
      return "ReleaseView[" + device + "]";
    }
  }

  /** By what, and as what, a device is taken over. */
  @Schema(
      name = "NewClaim",
      requiredProperties = {"code", "owner", "site"})
  record NewClaim(
      @Nullable String code,
      @Nullable String owner,
      @Nullable String site,

      @Schema(description = "Its device profile from now on; without it the one that it has.")
      @Nullable
      String profile) {
    /** Without the code. */
    @Override
    public String toString() {
      return "NewClaim[" + owner + "]";
    }
  }

  /** A device's owner and what its owners did, oldest first. */
  @Schema(name = "Ownership")
  record OwnershipView(UUID device, String owner, List<EntryView> history) {
    OwnershipView {
      history = List.copyOf(history);
    }
  }

  /** What an owner did. */
  @Schema(name = "OwnershipEntry")
  record EntryView(
      @Schema(enumeration = {"released", "kept", "claimed"}) String act,
      String from,
      @Schema(nullable = true) @Nullable String to,
      Instant at,
      String by) {
    static EntryView of(Entry entry) {
      return new EntryView(entry.act().word(), entry.from(), entry.to(), entry.at(), entry.by());
    }
  }
}

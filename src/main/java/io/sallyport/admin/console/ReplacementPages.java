package io.sallyport.admin.console;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decommission.Replacements;
import io.sallyport.decommission.Replacements.NewLife;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One thing in the place of another: a spare for a failed device, a new identity for a returned unit. */
@Path("/console/replacements")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class ReplacementPages {
  private final Replacements replacements;
  private final Devices devices;
  private final Caller caller;

  ReplacementPages(Replacements replacements, Devices devices, Caller caller) {
    this.replacements = replacements;
    this.devices = devices;
    this.caller = caller;
  }

  /** For good, so the serial number must be typed. The spare is of the same manufacturer. */
  @POST
  @Path("{id}/replace")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.REPLACE_DEVICES)
  public Response replace(
      @PathParam("id") UUID id,
      @FormParam("spare") @Nullable String spare,
      @FormParam("reason") @Nullable String reason,
      @FormParam("confirm") @Nullable String confirm) {
    Device failed = devices.get(id, caller.sites());
    DevicePages.requireTyped(failed, confirm);
    String serialNumber = Inputs.line("Serial number of the spare", spare);
    Device next = devices
        .onHardware(failed.hardware().manufacturer(), serialNumber)
        .filter(found -> caller.sees(found.site()))
        .orElseThrow(() -> Inputs.malformed(
            "No device of " + failed.hardware().manufacturer() + " has this serial number."));
    replacements.replace(
        id, next.id(), false, Inputs.line("Reason", reason), caller.sites(), caller.actor());
    return DevicePages.back(next.id(), "replaced");
  }

  /** For good, so the serial number must be typed. */
  @POST
  @Path("{id}/remanufacture")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.REPLACE_DEVICES)
  public Response remanufacture(
      @PathParam("id") UUID id,
      @FormParam("owner") @Nullable String owner,
      @FormParam("site") @Nullable String site,
      @FormParam("profile") @Nullable String profile,
      @FormParam("reason") @Nullable String reason,
      @FormParam("confirm") @Nullable String confirm) {
    DevicePages.requireTyped(devices.get(id, caller.sites()), confirm);
    NewLife life = new NewLife(
        null,
        Inputs.line("Profile", profile),
        Inputs.line("Owner", owner),
        Inputs.line("Site", site),
        null);
    Device next = replacements.remanufacture(
        id, life, Inputs.line("Reason", reason), caller.sites(), caller.actor());
    return DevicePages.back(next.id(), "remanufactured");
  }
}

package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.Ownerships;
import io.sallyport.enrollment.Ownerships.Claim;
import io.sallyport.enrollment.Ownerships.Release;
import io.sallyport.kernel.Refusal;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How a device passes from one owner to the next. */
@Path("/console/ownership")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class OwnershipPages {
  private static final int LONGEST_DAYS = 365;

  private final Ownerships ownerships;
  private final Devices devices;
  private final RefusedForms refused;
  private final Caller caller;

  OwnershipPages(Ownerships ownerships, Devices devices, RefusedForms refused, Caller caller) {
    this.ownerships = ownerships;
    this.devices = devices;
    this.refused = refused;
    this.caller = caller;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance released(Device device, Release release, String to);

    static native TemplateInstance claim(Form form, @Nullable String fault);
  }

  /** What was typed, but for the code. */
  record Form(String owner, String site, String profile) {}

  /** Answers with the code itself: it is told once, on no address that could be called up again. */
  @POST
  @Path("devices/{id}/release")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.CONTROL_DEVICES)
  public TemplateInstance release(
      @PathParam("id") UUID id,
      @FormParam("to") @Nullable String to,
      @FormParam("days") @Nullable String days) {
    Device device = devices.get(id, caller.sites());
    String owner = Inputs.find("Next owner", to).orElse(null);
    long lifetime = Inputs.number("Days", Inputs.line("Days", days), 1, LONGEST_DAYS);
    Release release = ownerships.release(id, owner, Duration.ofDays(lifetime), caller.actor());
    return Templates.released(device, release, owner == null ? "" : owner);
  }

  @POST
  @Path("devices/{id}/keep")
  @Requires(Right.CONTROL_DEVICES)
  public Response keep(@PathParam("id") UUID id) {
    devices.get(id, caller.sites());
    ownerships.keep(id, caller.actor());
    return back(id, "kept");
  }

  @GET
  @Path("claim")
  @Requires(Right.REGISTER_DEVICES)
  public TemplateInstance form() {
    return Templates.claim(new Form("", "", ""), null);
  }

  @POST
  @Path("claim")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.REGISTER_DEVICES)
  public Response claim(
      @FormParam("code") @Nullable String code,
      @FormParam("owner") @Nullable String owner,
      @FormParam("site") @Nullable String site,
      @FormParam("profile") @Nullable String profile) {
    try {
      Claim claim = new Claim(
          Inputs.line("Owner", owner),
          Inputs.line("Site", site),
          Inputs.find("Profile", profile).orElse(null));
      caller.requireSite(claim.site());
      return back(
          ownerships.claim(Inputs.line("Code", code), claim, caller.actor()).id(), "claimed");
    } catch (Refusal refusal) {
      refused.record("/console/ownership/claim", refusal);
      return Pages.page(
          refusal.problem().status(),
          Templates.claim(new Form(text(owner), text(site), text(profile)), refusal.detail()));
    }
  }

  private static String text(@Nullable String typed) {
    return typed == null ? "" : typed;
  }

  private static Response back(UUID id, String done) {
    return Response.seeOther(URI.create("/console/devices/" + id + "?done=" + done))
        .build();
  }
}

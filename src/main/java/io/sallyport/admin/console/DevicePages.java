package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decision.FleetView;
import io.sallyport.decommission.Decommissions;
import io.sallyport.decommission.DeviceChanges;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.Change;
import io.sallyport.devices.Devices.Filter;
import io.sallyport.kernel.Page;
import io.sallyport.pki.RevocationReason;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The inventory, and the acts on a device's lifecycle. */
@Path("/console/devices")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class DevicePages {
  private static final int ROWS = 50;
  /** More than a menu is good for. */
  private static final int PROFILES = 200;

  /** Those that end for good, the usual one first. */
  static final List<RevocationReason> REASONS = List.of(
      RevocationReason.CESSATION_OF_OPERATION,
      RevocationReason.KEY_COMPROMISE,
      RevocationReason.AFFILIATION_CHANGED,
      RevocationReason.SUPERSEDED,
      RevocationReason.PRIVILEGE_WITHDRAWN,
      RevocationReason.UNSPECIFIED);

  /** How long a device may take to wipe itself first, by what people choose. */
  static final Map<String, Duration> WIPES = Collections.unmodifiableMap(wipes());

  private final Devices devices;
  private final DeviceProfiles profiles;
  private final FleetView fleet;
  private final Decommissions decommissions;
  private final DeviceChanges changes;
  private final DeviceDossier dossier;
  private final Caller caller;

  DevicePages(
      Devices devices,
      DeviceProfiles profiles,
      FleetView fleet,
      Decommissions decommissions,
      DeviceChanges changes,
      DeviceDossier dossier,
      Caller caller) {
    this.devices = devices;
    this.profiles = profiles;
    this.fleet = fleet;
    this.decommissions = decommissions;
    this.changes = changes;
    this.dossier = dossier;
    this.caller = caller;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance devices(View view);

    static native TemplateInstance device(DeviceDossier.View view);
  }

  /**
   * A page of the list.
   *
   * @param first the address of the first page when this is another, or null
   * @param next the address of the next page, or null
   */
  record View(
      List<Row> rows,
      Asked asked,
      List<String> states,
      List<String> profiles,
      @Nullable String first,
      @Nullable String next) {}

  /** What the list is narrowed by, as it stands in the address; empty for any. */
  record Asked(String text, String state, String profile, String site) {
    public boolean narrowed() {
      return !(text + state + profile + site).isEmpty();
    }
  }

  /** A device in the list. */
  record Row(Device device, Tag state, Tag posture) {}

  @GET
  @Requires(Right.READ)
  public TemplateInstance list(
      @QueryParam("text") @Nullable String text,
      @QueryParam("state") @Nullable String state,
      @QueryParam("profile") @Nullable String profile,
      @QueryParam("site") @Nullable String site,
      @QueryParam("cursor") @Nullable String cursor) {
    Asked asked = new Asked(
        Inputs.find("text", text).orElse(""),
        Inputs.find("state", state).orElse(""),
        Inputs.find("profile", profile).orElse(""),
        Inputs.find("site", site).orElse(""));
    Page<Device> page = devices.list(
        new Filter(
            asked.state().isEmpty() ? null : state(asked.state()),
            asked.profile().isEmpty() ? null : asked.profile(),
            asked.site().isEmpty() ? null : asked.site(),
            caller.sites(),
            asked.text().isEmpty() ? null : asked.text()),
        cursor,
        ROWS);
    return Templates.devices(new View(
        page.items().stream().map(this::row).toList(),
        asked,
        Arrays.stream(DeviceState.values()).map(DeviceState::word).toList(),
        profiles.list(null, PROFILES).items().stream().map(DeviceProfile::name).toList(),
        cursor == null ? null : address(asked, null),
        page.next() == null ? null : address(asked, page.next())));
  }

  @GET
  @Path("{id}")
  @Requires(Right.READ)
  public TemplateInstance get(
      @PathParam("id") UUID id,
      @QueryParam("decisions") @Nullable String decisions,
      @QueryParam("grants") @Nullable String grants,
      @QueryParam("done") @Nullable String done) {
    return Templates.device(dossier.of(devices.get(id, caller.sites()), decisions, grants, done));
  }

  @POST
  @Path("{id}/quarantine")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.CONTROL_DEVICES)
  public Response quarantine(
      @PathParam("id") UUID id, @FormParam("reason") @Nullable String reason) {
    Device device = devices.get(id, caller.sites());
    devices.quarantine(device.id(), Inputs.line("Reason", reason), caller.actor());
    return back(id, "quarantined");
  }

  @POST
  @Path("{id}/release")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.CONTROL_DEVICES)
  public Response release(@PathParam("id") UUID id, @FormParam("reason") @Nullable String reason) {
    Device device = devices.get(id, caller.sites());
    devices.release(device.id(), Inputs.line("Reason", reason), caller.actor());
    return back(id, "released");
  }

  @POST
  @Path("{id}/suspend")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.CONTROL_DEVICES)
  public Response suspend(@PathParam("id") UUID id, @FormParam("reason") @Nullable String reason) {
    Device device = devices.get(id, caller.sites());
    devices.suspend(device.id(), Inputs.line("Reason", reason), caller.actor());
    return back(id, "suspended");
  }

  @POST
  @Path("{id}/change")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.CONTROL_DEVICES)
  public Response change(
      @PathParam("id") UUID id,
      @FormParam("name") @Nullable String name,
      @FormParam("site") @Nullable String site,
      @FormParam("profile") @Nullable String profile,
      @FormParam("reason") @Nullable String reason) {
    Device device = devices.get(id, caller.sites());
    String where = Inputs.line("Site", site);
    caller.requireSite(where);
    Change change = new Change(
        Inputs.line("Name", name),
        Inputs.line("Profile", profile),
        null,
        where,
        Map.of(),
        Set.of());
    changes.change(device.id(), change, Inputs.line("Reason", reason), caller.actor());
    return back(id, "changed");
  }

  /** For good, so the serial number must be typed. */
  @POST
  @Path("{id}/decommission")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.CONTROL_DEVICES)
  public Response decommission(
      @PathParam("id") UUID id,
      @FormParam("reason") @Nullable String reason,
      @FormParam("revocation") @Nullable String revocation,
      @FormParam("wipe") @Nullable String wipe,
      @FormParam("confirm") @Nullable String confirm) {
    Device device = devices.get(id, caller.sites());
    requireTyped(device, confirm);
    String note = Inputs.line("Reason", reason);
    decommissions.start(device.id(), revocation(revocation), note, wipe(wipe), caller.actor());
    return back(id, "decommissioned");
  }

  static void requireTyped(Device device, @Nullable String confirm) {
    if (confirm == null || !confirm.strip().equals(device.hardware().serialNumber())) {
      throw Inputs.malformed("Type the device's serial number to confirm; nothing was done.");
    }
  }

  private static Map<String, Duration> wipes() {
    Map<String, Duration> wipes = new LinkedHashMap<>();
    wipes.put("15 minutes", Duration.ofMinutes(15));
    wipes.put("4 hours", Duration.ofHours(4));
    wipes.put("7 days", Duration.ofDays(7));
    return wipes;
  }

  static String word(RevocationReason reason) {
    return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static @Nullable Duration wipe(@Nullable String word) {
    if (word == null || word.isEmpty()) {
      return null;
    }
    Duration wipe = WIPES.get(word);
    if (wipe == null) {
      throw Inputs.malformed("Choose how long the wipe may take.");
    }
    return wipe;
  }

  private static RevocationReason revocation(@Nullable String word) {
    return REASONS.stream()
        .filter(reason -> word(reason).equals(word))
        .findFirst()
        .orElseThrow(() -> Inputs.malformed("Choose what is to stand in the revocation list."));
  }

  private Row row(Device device) {
    return new Row(
        device,
        Tag.of(device.state()),
        Tag.of(fleet.posture(device.id()).orElse(FleetView.Posture.NEVER)));
  }

  private static DeviceState state(String word) {
    return Arrays.stream(DeviceState.values())
        .filter(state -> state.word().equals(word))
        .findFirst()
        .orElseThrow(() -> Inputs.malformed("There is no such state of a device."));
  }

  private static String address(Asked asked, @Nullable String cursor) {
    return Inputs.address(
        "/console/devices",
        "text",
        asked.text(),
        "state",
        asked.state(),
        "profile",
        asked.profile(),
        "site",
        asked.site(),
        "cursor",
        cursor);
  }

  static Response back(UUID id, String done) {
    return Response.seeOther(URI.create("/console/devices/" + id + "?done=" + done))
        .build();
  }
}

package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.attestation.Attestations;
import io.sallyport.decommission.Decommissions;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.Filter;
import io.sallyport.devices.Devices.Registration;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.RenewalPlan;
import io.sallyport.pki.RevocationReason;
import io.sallyport.pki.TrustBundles;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** The inventory and the acts on a device's lifecycle. */
@Path(Api.V1 + "/devices")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "devices")
class DevicesResource {
  private final Devices devices;
  private final Decommissions decommissions;
  private final Credentials credentials;
  private final RenewalPlan plan;
  private final TrustBundles bundles;
  private final Attestations attestations;
  private final Caller caller;
  private final Once once;
  private final Clock clock;

  DevicesResource(
      Devices devices,
      Decommissions decommissions,
      Credentials credentials,
      RenewalPlan plan,
      TrustBundles bundles,
      Attestations attestations,
      Caller caller,
      Once once,
      Clock clock) {
    this.devices = devices;
    this.decommissions = decommissions;
    this.credentials = credentials;
    this.plan = plan;
    this.bundles = bundles;
    this.attestations = attestations;
    this.caller = caller;
    this.once = once;
    this.clock = clock;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(
      value = DeviceView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Requires(Right.REGISTER_DEVICES)
  @Operation(operationId = "registerDevice", summary = "Register a device before its first contact")
  public DeviceView register(@Nullable NewDevice body) {
    NewDevice wanted = Fields.body(body);
    Registration registration = new Registration(
        Fields.text("manufacturer", wanted.manufacturer()),
        Fields.text("model", wanted.model()),
        Fields.text("serial_number", wanted.serialNumber()),
        Fields.text("profile", wanted.profile()),
        Fields.text("owner", wanted.owner()),
        Fields.text("site", wanted.site()),
        Fields.labels("labels", wanted.labels()),
        wanted.name() == null ? null : Fields.text("name", wanted.name()));
    caller.requireSite(registration.site());
    return once.run(201, () -> DeviceView.of(devices.register(registration, caller.actor())));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listDevices", summary = "List devices")
  public Items<DeviceView> list(
      @QueryParam("state")
          @Parameter(
              schema =
                  @Schema(
                      type = SchemaType.STRING,
                      enumeration = {
                        "expected",
                        "active",
                        "quarantined",
                        "suspended",
                        "wiping",
                        "decommissioned"
                      }))
          @Nullable
          String state,
      @QueryParam("profile") @Nullable String profile,
      @QueryParam("site") @Nullable String site,
      @QueryParam("text")
          @Parameter(description = "Start of a serial number, name or owner.")
          @Nullable
          String text,
      @BeanParam Paging paging) {
    Filter filter =
        new Filter(state == null ? null : state(state), profile, site, caller.sites(), text);
    return paging.of(
        "devices", (cursor, limit) -> devices.list(filter, cursor, limit), DeviceView::of);
  }

  @GET
  @Path("{id}")
  @Requires(Right.READ)
  @Operation(
      operationId = "getDevice",
      summary = "One device with its certificates and newest appraisal")
  public DeviceDetail get(@PathParam("id") UUID id) {
    Device device = devices.get(id, caller.sites());
    Instant now = clock.instant();
    List<Credential> issued = credentials.of(CertificateSubject.device(id));
    List<CertificateView> certificates =
        issued.stream().map(credential -> CertificateView.of(credential, now)).toList();
    List<DeviceDetail.RenewalView> renewals = issued.stream()
        .filter(credential -> credential.liveAt(now))
        .map(credential -> DeviceDetail.RenewalView.of(credential, plan.of(credential)))
        .toList();
    return DeviceDetail.of(
        device,
        certificates,
        renewals,
        attestations.latest(id).map(AppraisalView::of).orElse(null),
        bundles.fetched(id).map(DeviceDetail.TrustBundleView::of).orElse(null));
  }

  @POST
  @Path("{id}/quarantine")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.CONTROL_DEVICES)
  @Operation(operationId = "quarantineDevice", summary = "Cut a device off but let it recover")
  public DeviceView quarantine(@PathParam("id") UUID id, @Nullable Reason body) {
    devices.get(id, caller.sites());
    String reason = Fields.text("reason", Fields.body(body).reason());
    return once.run(200, () -> DeviceView.of(devices.quarantine(id, reason, caller.actor())));
  }

  @POST
  @Path("{id}/release")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.CONTROL_DEVICES)
  @Operation(
      operationId = "releaseDevice",
      summary = "Let a device back from quarantine or suspension")
  public DeviceView release(@PathParam("id") UUID id, @Nullable Reason body) {
    devices.get(id, caller.sites());
    String reason = Fields.text("reason", Fields.body(body).reason());
    return once.run(200, () -> DeviceView.of(devices.release(id, reason, caller.actor())));
  }

  @POST
  @Path("{id}/suspend")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.CONTROL_DEVICES)
  @Operation(
      operationId = "suspendDevice",
      summary = "Take everything away from a device until it is released")
  public DeviceView suspend(@PathParam("id") UUID id, @Nullable Reason body) {
    devices.get(id, caller.sites());
    String reason = Fields.text("reason", Fields.body(body).reason());
    return once.run(200, () -> DeviceView.of(devices.suspend(id, reason, caller.actor())));
  }

  @POST
  @Path("{id}/decommission")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.CONTROL_DEVICES)
  @Operation(
      operationId = "decommissionDevice",
      summary = "Take everything away from a device for good")
  public DeviceView decommission(@PathParam("id") UUID id, @Nullable Decommission body) {
    devices.get(id, caller.sites());
    Decommission wanted = Fields.body(body);
    String reason = Fields.text("reason", wanted.reason());
    RevocationReason revocation = Reasons.read(
        "revocation_reason", wanted.revocationReason(), RevocationReason.CESSATION_OF_OPERATION);
    Duration wipe = wanted.wipeWithin() == null
        ? null
        : Fields.duration("wipe_within", wanted.wipeWithin(), Duration.ZERO);
    return once.run(
        200,
        () -> DeviceView.of(decommissions.start(id, revocation, reason, wipe, caller.actor())));
  }

  @GET
  @Path("{id}/decommission")
  @Requires(Right.READ)
  @Operation(
      operationId = "getDecommission",
      summary = "How far a decommissioning is, step by step, and who confirmed what and when")
  public DecommissionView decommission(@PathParam("id") UUID id) {
    devices.get(id, caller.sites());
    return decommissions
        .find(id)
        .map(DecommissionView::of)
        .orElseThrow(
            () -> new Refusal(CommonProblem.NOT_FOUND, "The device is not being decommissioned."));
  }

  private static DeviceState state(String word) {
    return Arrays.stream(DeviceState.values())
        .filter(state -> state.word().equals(word))
        .findFirst()
        .orElseThrow(() -> Fields.malformed(
            "state",
            "is none of "
                + Arrays.stream(DeviceState.values())
                    .map(DeviceState::word)
                    .collect(Collectors.joining(", "))));
  }

  /** A device to register. */
  @Schema(
      name = "NewDevice",
      requiredProperties = {"manufacturer", "model", "serial_number", "profile", "owner", "site"})
  record NewDevice(
      @Nullable String manufacturer,
      @Nullable String model,
      @Nullable String serialNumber,
      @Nullable String profile,
      @Nullable String owner,
      @Nullable String site,
      @Nullable Map<String, @Nullable String> labels,
      @Nullable String name) {}

  /** Why something is done, for the log. */
  @Schema(name = "Reason", requiredProperties = "reason")
  record Reason(@Nullable String reason) {}

  /** Why a device goes. */
  @Schema(name = "Decommission", requiredProperties = "reason")
  record Decommission(
      @Nullable String reason,

      @Schema(
          enumeration = {
            "unspecified",
            "key-compromise",
            "affiliation-changed",
            "superseded",
            "cessation-of-operation",
            "privilege-withdrawn"
          },
          defaultValue = "cessation-of-operation")
      @Nullable
      String revocationReason,

      @Schema(
          description =
              "How long the device may take to wipe itself first, an ISO 8601 duration; left out, or after a compromise, it is not waited for.")
      @Nullable
      String wipeWithin) {}
}

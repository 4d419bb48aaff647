package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.api.PointViews.EnforcementView;
import io.sallyport.devices.Devices;
import io.sallyport.enforcement.AddressBindings;
import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.enforcement.AddressBindings.Source;
import io.sallyport.enforcement.Enforcements;
import io.sallyport.enforcement.Sessions;
import io.sallyport.enforcement.Sessions.Session;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** Where a device is attached, by which addresses it is known, and what is desired at enforcement points. */
@Path(Api.V1 + "/devices/{id}")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "devices")
class DeviceAccessResource {
  /** What people look at; older ones stand in the log. */
  private static final int NEWEST = 100;

  private static final Duration LONGEST_BINDING = Duration.ofDays(3650);
  private static final String DEFAULT_SEGMENT = "default";

  private final Devices devices;
  private final Sessions sessions;
  private final AddressBindings bindings;
  private final Enforcements enforcements;
  private final Caller caller;
  private final Once once;
  private final Clock clock;

  DeviceAccessResource(
      Devices devices,
      Sessions sessions,
      AddressBindings bindings,
      Enforcements enforcements,
      Caller caller,
      Once once,
      Clock clock) {
    this.devices = devices;
    this.sessions = sessions;
    this.bindings = bindings;
    this.enforcements = enforcements;
    this.caller = caller;
    this.once = once;
    this.clock = clock;
  }

  @GET
  @Path("sessions")
  @Requires(Right.READ)
  @Operation(operationId = "listDeviceSessions", summary = "The device's newest sessions")
  public Items<SessionView> sessions(@PathParam("id") UUID id) {
    devices.get(id, caller.sites());
    return new Items<>(sessions.of(id, NEWEST).stream().map(SessionView::of).toList(), null);
  }

  @GET
  @Path("addresses")
  @Requires(Right.READ)
  @Operation(operationId = "listDeviceAddresses", summary = "The device's newest address bindings")
  public Items<BindingView> addresses(@PathParam("id") UUID id) {
    devices.get(id, caller.sites());
    Instant now = clock.instant();
    return new Items<>(
        bindings.of(id, NEWEST).stream()
            .map(binding -> BindingView.of(binding, now))
            .toList(),
        null);
  }

  @POST
  @Path("addresses")
  @Requires(Right.CONTROL_DEVICES)
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(
      value = BindingView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Operation(
      operationId = "bindDeviceAddress",
      summary = "Bind an address to the device",
      description =
          "A static binding is never replaced by what the network says, nor by one to another device:"
              + " withdraw it first.")
  public BindingView bind(@PathParam("id") UUID id, @Nullable NewBinding body) {
    NewBinding wanted = Fields.body(body);
    String address = Fields.text("address", wanted.address());
    String segment =
        wanted.segment() == null ? DEFAULT_SEGMENT : Fields.text("segment", wanted.segment());
    Duration lifetime = Fields.duration("lifetime", wanted.lifetime(), LONGEST_BINDING);
    if (!lifetime.isPositive() || lifetime.compareTo(LONGEST_BINDING) > 0) {
      throw Fields.malformed("lifetime", "must be positive and at most " + LONGEST_BINDING);
    }
    devices.get(id, caller.sites());
    return once.run(201, () -> {
      AddressBinding bound = bindings.bind(
          id,
          address,
          segment,
          Source.STATIC,
          null,
          clock.instant().plus(lifetime),
          caller.actor());
      return BindingView.of(bound, clock.instant());
    });
  }

  @DELETE
  @Path("addresses/{binding}")
  @Requires(Right.CONTROL_DEVICES)
  @Operation(operationId = "withdrawDeviceAddress", summary = "Withdraw an address binding")
  public void withdraw(@PathParam("id") UUID id, @PathParam("binding") UUID binding) {
    devices.get(id, caller.sites());
    if (bindings.live(id).stream().noneMatch(live -> live.id().equals(binding))) {
      throw new Refusal(CommonProblem.NOT_FOUND, "The device has no such live address binding.");
    }
    bindings.withdraw(binding, "an operator withdrew it", caller.actor());
  }

  @GET
  @Path("enforcements")
  @Requires(Right.READ)
  @Operation(
      operationId = "listDeviceEnforcements",
      summary = "What is withdrawn from the device, point by point, and who confirmed it")
  public Items<EnforcementView> enforcements(@PathParam("id") UUID id) {
    devices.get(id, caller.sites());
    return new Items<>(
        enforcements.of(id, NEWEST).stream().map(EnforcementView::of).toList(), null);
  }

  /** An address to bind. */
  @Schema(name = "NewAddressBinding", requiredProperties = "address")
  record NewBinding(
      @Nullable String address,

      @Schema(description = "The network in which the address counts.", defaultValue = "default")
      @Nullable
      String segment,

      @Schema(description = "An ISO 8601 duration.", defaultValue = "P3650D") @Nullable
      String lifetime) {}

  /** An address binding, as people see it. */
  @Schema(name = "AddressBinding")
  record BindingView(
      UUID id,
      String address,
      String segment,
      String source,
      @Schema(nullable = true) @Nullable UUID session,
      Instant since,
      Instant until,
      boolean live,
      @Schema(nullable = true) @Nullable String withdrawnBecause) {
    static BindingView of(AddressBinding binding, Instant now) {
      return new BindingView(
          binding.id(),
          binding.address(),
          binding.segment(),
          binding.source().word(),
          binding.session(),
          binding.since(),
          binding.until(),
          binding.liveAt(now),
          binding.withdrawnBecause());
    }
  }

  /** A session, as people see it. */
  @Schema(name = "Session")
  record SessionView(
      UUID id,
      UUID point,
      String name,
      String port,
      boolean permit,
      Map<String, String> attributes,
      @Schema(nullable = true) @Nullable UUID decision,
      Instant startedAt,
      Instant seenAt,
      @Schema(nullable = true) @Nullable Instant endedAt,
      @Schema(nullable = true) @Nullable String endReason) {
    SessionView {
      attributes = new TreeMap<>(attributes);
    }

    static SessionView of(Session session) {
      return new SessionView(
          session.id(),
          session.point(),
          session.name(),
          session.port(),
          session.permit(),
          session.attributes(),
          session.decision(),
          session.startedAt(),
          session.seenAt(),
          session.endedAt(),
          session.endReason());
    }
  }
}

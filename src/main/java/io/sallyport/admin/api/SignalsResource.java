package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.attestation.Signals;
import io.sallyport.attestation.Signals.Report;
import io.sallyport.attestation.Signals.Severity;
import io.sallyport.attestation.Signals.Signal;
import io.sallyport.devices.Devices;
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
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** What others say of devices. */
@Path(Api.V1 + "/signals")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "signals")
class SignalsResource {
  private static final Duration USUAL = Duration.ofHours(24);
  private static final String USUAL_CLAIM = "executables";
  private static final int NEWEST = 100;

  private final Signals signals;
  private final Devices devices;
  private final Caller caller;
  private final Once once;
  private final Clock clock;

  SignalsResource(Signals signals, Devices devices, Caller caller, Once once, Clock clock) {
    this.signals = signals;
    this.devices = devices;
    this.caller = caller;
    this.once = once;
    this.clock = clock;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @Requires(Right.SEND_SIGNALS)
  @APIResponseSchema(
      value = SignalView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Operation(
      operationId = "sendSignal",
      summary = "Lower a device's posture for a while",
      description = "A source speaks for the devices of its sites only; any other is not found.")
  public SignalView send(@Nullable NewSignal body) {
    NewSignal wanted = Fields.body(body);
    Report report = new Report(
        Fields.uuid("device", wanted.device()),
        Fields.text("kind", wanted.kind()),
        severity(Fields.text("severity", wanted.severity())),
        wanted.claim() == null ? USUAL_CLAIM : Fields.text("claim", wanted.claim()),
        Fields.text("reason", wanted.reason()),
        Fields.duration("lifetime", wanted.lifetime(), USUAL));
    devices.get(report.device(), caller.sites());
    return once.run(
        201,
        () ->
            SignalView.of(signals.receive(report, caller.name(), caller.actor()), clock.instant()));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listSignals", summary = "A device's newest signals")
  public Items<SignalView> list(@QueryParam("device") @Nullable String device) {
    UUID id = Fields.uuid("device", device);
    devices.get(id, caller.sites());
    Instant now = clock.instant();
    return new Items<>(
        signals.of(id, NEWEST).stream()
            .map(signal -> SignalView.of(signal, now))
            .toList(),
        null);
  }

  @DELETE
  @Path("{id}")
  @Requires(Right.SEND_SIGNALS)
  @Operation(
      operationId = "withdrawSignal",
      summary = "Take a signal back",
      description = "By the source that sent it, or by whoever controls the device.")
  public void withdraw(@PathParam("id") UUID id) {
    Signal signal = signals.find(id).orElseThrow(SignalsResource::unknown);
    devices.get(signal.device(), caller.sites());
    if (!signal.source().equals(caller.name()) && !caller.may(Right.CONTROL_DEVICES)) {
      throw unknown();
    }
    signals.withdraw(id, caller.actor());
  }

  private static Severity severity(String word) {
    return Arrays.stream(Severity.values())
        .filter(severity -> severity.word().equals(word))
        .findFirst()
        .orElseThrow(() -> Fields.malformed(
            "severity",
            "is none of "
                + Arrays.stream(Severity.values())
                    .map(Severity::word)
                    .collect(Collectors.joining(", "))));
  }

  private static Refusal unknown() {
    return new Refusal(CommonProblem.NOT_FOUND, "There is no such signal.");
  }

  /** A signal to send. */
  @Schema(
      name = "NewSignal",
      requiredProperties = {"device", "kind", "severity", "reason"})
  record NewSignal(
      @Nullable String device,

      @Schema(description = "What was seen, for instance malware.") @Nullable
      String kind,

      @Schema(enumeration = {"low", "medium", "high", "critical"}) @Nullable
      String severity,

      @Schema(
          description = "The AR4SI claim that it is about.",
          enumeration = {
            "instance-identity",
            "configuration",
            "executables",
            "file-system",
            "hardware",
            "runtime-opaque",
            "storage-opaque",
            "sourced-data"
          },
          defaultValue = USUAL_CLAIM)
      @Nullable
      String claim,

      @Nullable String reason,

      @Schema(description = "An ISO 8601 duration, at most P30D.", defaultValue = "PT24H") @Nullable
      String lifetime) {}

  /** A signal, as people see it. */
  @Schema(name = "Signal")
  record SignalView(
      UUID id,
      UUID device,
      String source,
      String kind,
      String severity,
      String claim,
      String reason,
      Instant receivedAt,
      Instant expiresAt,
      boolean active) {
    static SignalView of(Signal signal, Instant now) {
      return new SignalView(
          signal.id(),
          signal.device(),
          signal.source(),
          signal.kind(),
          signal.severity().word(),
          signal.claim(),
          signal.reason(),
          signal.receivedAt(),
          signal.expiresAt(),
          signal.activeAt(now));
    }
  }
}

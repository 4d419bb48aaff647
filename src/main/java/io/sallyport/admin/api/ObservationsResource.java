package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decision.Observations;
import io.sallyport.decision.Observations.Missed;
import io.sallyport.decision.Observations.Observation;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Policies;
import io.sallyport.policy.PolicyProblem;
import io.sallyport.policy.ProposedPolicy;
import io.sallyport.policy.ProposedPolicy.Seen;
import io.sallyport.policy.Question.Direction;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What policies and segments in observe mode let be, and the permits that would keep it. */
@Path(Api.V1 + "/observations")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "policies")
class ObservationsResource {
  private final Observations observations;
  private final Policies policies;
  private final Caller caller;

  ObservationsResource(Observations observations, Policies policies, Caller caller) {
    this.observations = observations;
    this.policies = policies;
    this.caller = caller;
  }

  @GET
  @Requires(value = Right.READ, everySite = true)
  @Operation(
      operationId = "listObservations",
      summary = "Flows that were permitted only because a policy or a segment observes",
      description =
          "Added up over the devices of a profile, oldest first; written within a second or two.")
  public Items<ObservedFlow> list(
      @Parameter(description = "Only of this policy or segment.") @QueryParam("document") @Nullable
          String document,
      @Parameter(description = "Only of devices of this profile.") @QueryParam("profile") @Nullable
          String profile,
      @BeanParam Paging paging) {
    return paging.of(
        "observations",
        (cursor, limit) -> observations.list(document, profile, cursor, limit),
        ObservedFlow::of);
  }

  @GET
  @Path("missed")
  @Requires(value = Right.READ, everySite = true)
  @Operation(
      operationId = "listMissedObservations",
      summary = "How many permits of that kind had no room to be recorded")
  public Items<MissedObservations> missed() {
    return new Items<>(
        observations.missed().stream().map(MissedObservations::of).toList(), null);
  }

  @GET
  @Path("proposal")
  @Produces(Api.YAML)
  @Requires(value = Right.READ, everySite = true)
  @Operation(
      operationId = "proposePolicy",
      summary = "Policies that permit exactly what was observed of the devices of a profile",
      description = "To be read, changed and applied by people; nothing is applied here.")
  public String proposal(
      @Parameter(description = "The policy or segment that observes.")
          @QueryParam("document")
          @Nullable
          String document,
      @QueryParam("profile") @Nullable String profile) {
    String name = Fields.text("document", document);
    String of = Fields.text("profile", profile);
    String text = policies
        .find(name)
        .orElseThrow(() -> new Refusal(
            PolicyProblem.UNKNOWN_POLICY, "No policy and no segment of this name is in force."))
        .yaml();
    List<Seen> seen = observations.all(name, of).stream()
        .map(one -> new Seen(one.flow(), one.uses(), one.devices(), one.first(), one.last()))
        .toList();
    return ProposedPolicy.of(text, of, seen);
  }

  @DELETE
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(
      operationId = "forgetObservations",
      summary = "Forget what was observed for a policy or segment, which makes room")
  public Forgotten forget(@QueryParam("document") @Nullable String document) {
    return new Forgotten(observations.forget(Fields.text("document", document), caller.actor()));
  }

  /** A flow that was let be. */
  @Schema(name = "ObservedFlow")
  record ObservedFlow(
      @Schema(description = "The policy or segment that observes.")
      String document,

      @Schema(description = "Of the devices that did it.") String profile,

      @Schema(enumeration = {"from-device", "to-device"}) String direction,

      String peer,
      String protocol,

      @Schema(description = "0 of icmp.") int port,

      @Schema(description = "Of icmp: 8, or v4:8 where the peer is a name; null for all types.")
      @Nullable
      String icmpType,

      @Schema(description = "Why the newest of them would have been denied.")
      String reason,

      @Schema(description = "How many decisions permitted it.")
      long uses,

      @Schema(description = "How many devices did it; 100 for any more.")
      int devices,

      Instant first,
      Instant last) {
    static ObservedFlow of(Observation one) {
      return new ObservedFlow(
          one.document(),
          one.profile(),
          one.flow().direction() == Direction.FROM_DEVICE ? "from-device" : "to-device",
          one.flow().peer(),
          one.flow().protocol(),
          IcmpTypes.port(one.flow()),
          IcmpTypes.type(one.flow()).orElse(null),
          one.reason(),
          one.uses(),
          one.devices(),
          one.first(),
          one.last());
    }
  }

  /** What had no room. */
  @Schema(name = "MissedObservations")
  record MissedObservations(String document, long uses, Instant last) {
    static MissedObservations of(Missed one) {
      return new MissedObservations(one.document(), one.uses(), one.last());
    }
  }

  /** What was forgotten. */
  @Schema(name = "ForgottenObservations")
  record Forgotten(int observations) {}
}

package io.sallyport.admin.api;

import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.api.PolicySetsResource.PolicyChange;
import io.sallyport.decision.Rehearsal;
import io.sallyport.decision.Rehearsal.Comparison;
import io.sallyport.decision.Rehearsal.Difference;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicyVersions;
import io.sallyport.policy.PolicyVersions.Outcome;
import io.sallyport.policy.PolicyVersions.Planned;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Network;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What policies would change for each device before they are applied. */
@Path(Api.V1 + "/policy-sets/plan")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "policies")
class PolicyPlanResource {
  private final PolicyVersions versions;
  private final Rehearsal rehearsal;

  PolicyPlanResource(PolicyVersions versions, Rehearsal rehearsal) {
    this.versions = versions;
    this.rehearsal = rehearsal;
  }

  @POST
  @Consumes(Api.YAML)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(
      operationId = "planPolicies",
      summary = "What applying these documents would permit and deny, device by device",
      description =
          "Over the fleet as it is now. All devices are counted; at most 1000 are told, those that lose something first.")
  public PolicyPlan plan(
      @Parameter(description = "As if every policy that is not among the documents were withdrawn.")
          @QueryParam("all")
          @DefaultValue("false")
          boolean all,
      @Parameter(
              description = "Instead of documents: a set that was in force, as if rolled back to.")
          @QueryParam("set")
          @Nullable
          String set,
      @Nullable String documents) {
    Planned planned =
        set == null ? versions.plan(Fields.body(documents), all) : versions.planRollBack(set);
    Outcome outcome = planned.outcome();
    Comparison comparison = rehearsal.compare(planned.candidate(), Set.of());
    if (!comparison.base().equals(outcome.replaced())) {
      throw new Refusal(
          CommonProblem.CONFLICT, "The policies were changed while this was planned; plan again.");
    }
    return PolicyPlan.of(outcome, comparison);
  }

  /** What would be changed. */
  @Schema(name = "PolicyPlan")
  record PolicyPlan(
      @Schema(description = "The set that would be in force.")
      String set,

      @Schema(description = "The set that is in force.") String replaced,

      List<PolicyChange> changes,

      @Schema(description = "Devices that may connect at all.")
      long devices,

      @Schema(description = "Devices for which anything would be different.")
      long changed,

      @Schema(description = "Devices that would be permitted something more.")
      long gaining,

      @Schema(description = "Devices that would be denied something.")
      long losing,

      @Schema(description = "Those that are changed, at most 1000.")
      List<PlannedDevice> items) {
    static PolicyPlan of(Outcome outcome, Comparison comparison) {
      return new PolicyPlan(
          outcome.set(),
          outcome.replaced(),
          outcome.changes().stream().map(PolicyChange::of).toList(),
          comparison.devices(),
          comparison.changed(),
          comparison.gaining(),
          comparison.losing(),
          comparison.told().stream().map(PlannedDevice::of).toList());
    }
  }

  /** A device for which something would be different. */
  @Schema(name = "PlannedDevice")
  record PlannedDevice(
      UUID device,
      String serialNumber,
      String profile,
      String site,

      @Schema(description = "What would be permitted that is not now.")
      List<PlannedFlow> permitted,

      @Schema(description = "What would be denied that is not now.")
      List<PlannedFlow> denied,

      @Schema(description = "How it is attached now, when that would change.", nullable = true)
      @Nullable
      Attachment attached,

      @Schema(description = "How it would be attached, when that would change.", nullable = true)
      @Nullable
      Attachment wouldBeAttached) {
    static PlannedDevice of(Difference difference) {
      return new PlannedDevice(
          difference.device(),
          difference.serialNumber(),
          difference.profile(),
          difference.site(),
          difference.permitted().stream().map(PlannedFlow::of).toList(),
          difference.denied().stream().map(PlannedFlow::of).toList(),
          Attachment.of(difference.before()),
          Attachment.of(difference.after()));
    }
  }

  /** A flow as a policy allows it. */
  @Schema(name = "PlannedFlow")
  record PlannedFlow(
      @Schema(enumeration = {"from-device", "to-device"}) String direction,
      String peer,
      String protocol,

      @Schema(description = "Of icmp its types, all of them when there are none.")
      List<String> ports) {
    static PlannedFlow of(AllowedFlow flow) {
      return new PlannedFlow(
          flow.direction() == Direction.FROM_DEVICE ? "from-device" : "to-device",
          flow.peer(),
          flow.protocol(),
          flow.ports());
    }
  }

  /** How an access network attaches a device. */
  @Schema(name = "Attachment")
  record Attachment(
      @Schema(nullable = true) @Nullable Integer vlan,
      @Schema(nullable = true) @Nullable String filterId,
      @Schema(nullable = true) @Nullable Integer securityGroup,
      @Schema(nullable = true) @Nullable Integer rate) {
    static @Nullable Attachment of(@Nullable Network network) {
      return network == null
          ? null
          : new Attachment(
              network.vlan(), network.filterId(), network.securityGroup(), network.rate());
    }
  }
}

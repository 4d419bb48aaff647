package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decision.FleetSearch;
import io.sallyport.decision.FleetSearch.Found;
import io.sallyport.decision.FleetSearch.Reach;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.policy.PolicyVersions;
import io.sallyport.policy.PolicyVersions.Analysis;
import io.sallyport.policy.PolicyVersions.Conduit;
import io.sallyport.policy.PolicyVersions.Finding;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.RequestedFlow;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What the policies in force say in vain, and who reaches what by them. */
@Path(Api.V1 + "/policy-sets")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "policies")
class PolicyAnalysisResource {
  private final PolicyVersions versions;
  private final DeviceProfiles profiles;
  private final FleetSearch fleet;
  private final Caller caller;

  PolicyAnalysisResource(
      PolicyVersions versions, DeviceProfiles profiles, FleetSearch fleet, Caller caller) {
    this.versions = versions;
    this.profiles = profiles;
    this.fleet = fleet;
    this.caller = caller;
  }

  @GET
  @Path("analysis")
  @Requires(value = Right.READ, everySite = true)
  @Operation(
      operationId = "analyzePolicies",
      summary = "Rules that change nothing, and what runs between security levels",
      description =
          "A finding is so for every device, posture and time, and all of them can be taken out at once. What cannot be"
              + " known for certain is not told: a rule that is not found may be in vain all the same.")
  public PolicyAnalysisView analyze() {
    return PolicyAnalysisView.of(versions.analyze(bounds()));
  }

  private List<Set<String>> bounds() {
    List<Set<String>> bounds = new ArrayList<>();
    Page<DeviceProfile> page;
    String cursor = null;
    do {
      page = profiles.list(cursor, Page.MOST);
      for (DeviceProfile profile : page.items()) {
        if (profile.policies() != null) {
          bounds.add(new HashSet<>(profile.policies()));
        }
      }
      cursor = page.next();
    } while (cursor != null);
    return bounds;
  }

  @GET
  @Path("reach")
  @Requires(Right.READ)
  @Operation(
      operationId = "listReach",
      summary = "Which devices may open a flow at present",
      description =
          "Over the whole fleet as this node has it in memory, page by page, or refused: no part stands for the whole. What one"
              + " device may open is told by explainPolicy without a flow.")
  public Items<ReachingDevice> reach(
      @Parameter(description = "A DNS name or an address.") @QueryParam("peer") @Nullable
          String peer,
      @QueryParam("protocol") @Nullable String protocol,
      @QueryParam("port") @Nullable Integer port,
      @Parameter(description = "Of icmp: 8 or echo-request; of a peer by name v4:8 or v6:128.")
          @QueryParam("icmpType")
          @Nullable
          String icmpType,
      @Parameter(description = "Who opens it: from-device unless to-device.")
          @QueryParam("direction")
          @Nullable
          String direction,
      @BeanParam Paging paging) {
    RequestedFlow flow = AskedFlow.opened(AskedFlow.of(peer, protocol, port, icmpType), direction);
    return paging.of(
        "reach",
        (cursor, limit) -> {
          Reach reach = fleet.permitted(flow, caller::sees, Place.UNKNOWN, cursor, limit);
          return new Page<>(reach.found(), reach.next());
        },
        ReachingDevice::of);
  }

  /** A device that may. */
  @Schema(name = "ReachingDevice")
  record ReachingDevice(
      @Schema(format = "uuid") String device,

      @Schema(description = "SHA-256 in hex of its live certificates.")
      List<String> certificates) {
    static ReachingDevice of(Found found) {
      return new ReachingDevice(
          found.device().toString(),
          found.certificates().stream().map(Digest::hex).toList());
    }
  }

  /** What was found. */
  @Schema(name = "PolicyAnalysis")
  record PolicyAnalysisView(
      @Schema(description = "The set that is in force.") String set,

      List<FindingView> findings,

      @Schema(description = "Rules of permits between segments of different security levels.")
      List<ConduitView> conduits) {
    static PolicyAnalysisView of(Analysis analysis) {
      return new PolicyAnalysisView(
          analysis.set(),
          analysis.findings().stream().map(FindingView::of).toList(),
          analysis.conduits().stream().map(ConduitView::of).toList());
    }
  }

  /** A rule that changes nothing. */
  @Schema(name = "PolicyFinding")
  record FindingView(
      @Schema(enumeration = {"forbidden", "covered", "selects-nobody"})
      String kind,

      String policy,

      @Schema(nullable = true, description = "Null when it is the whole policy.") @Nullable
      String rule,

      @Schema(description = "The rules because of which.") List<String> by,

      String words) {
    static FindingView of(Finding finding) {
      return new FindingView(
          finding.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'),
          finding.policy(),
          finding.rule(),
          finding.by(),
          finding.words());
    }
  }

  /** A rule between two levels. */
  @Schema(name = "Conduit")
  record ConduitView(
      String policy,
      String rule,
      @Schema(enumeration = {"from-device", "to-device"}) String direction,
      String segment,
      @Schema(nullable = true) @Nullable Integer level,
      String peer,
      @Schema(nullable = true) @Nullable Integer peerLevel) {
    static ConduitView of(Conduit conduit) {
      return new ConduitView(
          conduit.policy(),
          conduit.rule(),
          conduit.direction() == Direction.FROM_DEVICE ? "from-device" : "to-device",
          conduit.segment(),
          conduit.level(),
          conduit.peer(),
          conduit.peerLevel());
    }
  }
}

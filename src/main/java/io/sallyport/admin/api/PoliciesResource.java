package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Documents;
import io.sallyport.admin.Rights.Right;
import io.sallyport.attestation.Attestations;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Explanation;
import io.sallyport.policy.Policies;
import io.sallyport.policy.Policies.Policy;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Observed;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Access policies, and what they mean for a device. */
@Path(Api.V1 + "/policies")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "policies")
class PoliciesResource {
  private final Policies policies;
  private final Documents documents;
  private final Devices devices;
  private final Attestations attestations;
  private final DecisionPoint decisions;
  private final Caller caller;
  private final Once once;

  PoliciesResource(
      Policies policies,
      Documents documents,
      Devices devices,
      Attestations attestations,
      DecisionPoint decisions,
      Caller caller,
      Once once) {
    this.policies = policies;
    this.documents = documents;
    this.devices = devices;
    this.attestations = attestations;
    this.decisions = decisions;
    this.caller = caller;
    this.once = once;
  }

  @PUT
  @Path("{name}")
  @Consumes(Api.YAML)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(
      operationId = "applyPolicy",
      summary = "Create or replace an access policy by its document")
  public PolicyView apply(@PathParam("name") String name, @Nullable String yaml) {
    return PolicyView.of(documents.applyPolicy(name, Fields.body(yaml), caller.actor()));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listPolicies", summary = "List access policies")
  public Items<PolicyView> list(@BeanParam Paging paging) {
    return paging.of("policies", policies::list, PolicyView::of);
  }

  @GET
  @Path("{name}")
  @Requires(Right.READ)
  @Operation(operationId = "getPolicy", summary = "One access policy")
  public PolicyView get(@PathParam("name") String name) {
    return policies
        .find(name)
        .map(PolicyView::of)
        .orElseThrow(() ->
            new Refusal(CommonProblem.NOT_FOUND, "No policy is named " + Fields.shown(name) + "."));
  }

  @DELETE
  @Path("{name}")
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(operationId = "removePolicy", summary = "Withdraw an access policy")
  public void remove(@PathParam("name") String name) {
    policies.remove(name, caller.actor());
  }

  @POST
  @Path("explain")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.EXPLAIN)
  @Operation(operationId = "explainPolicy", summary = "What a device may do at present, and why")
  public ExplanationView explain(@Nullable Explain body) {
    Explain wanted = Fields.body(body);
    UUID device = Fields.uuid("device", wanted.device());
    RequestedFlow flow = flow(wanted);
    return once.apart(200, () -> explain(device, flow));
  }

  private ExplanationView explain(UUID device, @Nullable RequestedFlow flow) {
    devices.get(device, caller.sites());
    Decision decision = decisions.decide(device, flow);
    Optional<Explanation> grounds = decisions.explain(device, flow);
    return new ExplanationView(
        decision.permit(),
        decision.verdict().effect().name().toLowerCase(Locale.ROOT).replace('_', '-'),
        decision.reasons(),
        decision.verdict().policy(),
        decision.verdict().rule(),
        decision.verdict().policyHash(),
        decision.verdict().flows().stream().map(FlowView::of).toList(),
        decision.verdict().observed().stream().map(Observed::reason).toList(),
        decision.validUntil(),
        attestations.latest(device).map(AppraisalView::of).orElse(null),
        grounds.map(Explanation::facts).orElse(List.of()).stream()
            .map(FactView::of)
            .toList(),
        grounds.map(Explanation::unmet).orElse(List.of()).stream()
            .map(UnmetView::of)
            .toList(),
        grounds.map(Explanation::changes).orElse(List.of()).stream()
            .map(ChangeView::of)
            .toList());
  }

  /** The flow that is asked about, or null for any. */
  private static @Nullable RequestedFlow flow(Explain wanted) {
    return wanted.peer() == null && wanted.protocol() == null && wanted.port() == null
        ? null
        : AskedFlow.of(wanted.peer(), wanted.protocol(), wanted.port(), wanted.icmpType());
  }

  /** A policy, as people see it. */
  @Schema(name = "Policy")
  record PolicyView(
      String name,

      @Schema(description = "SHA-256 in hex over the document.")
      String hash,

      Instant appliedAt,

      @Schema(description = "The document as it was applied.")
      String document) {
    static PolicyView of(Policy policy) {
      return new PolicyView(policy.name(), policy.hash(), policy.appliedAt(), policy.yaml());
    }
  }

  /** A question: a device, and a flow or none to ask what is permitted at all. */
  @Schema(name = "Explain", requiredProperties = "device")
  record Explain(
      @Schema(format = "uuid") @Nullable String device,
      @Nullable String peer,

      @Schema(enumeration = {"tcp", "udp", "icmp"}) @Nullable
      String protocol,

      @Schema(minimum = "0", maximum = "65535") @Nullable Integer port,

      @Schema(
          description =
              "Of icmp: 8 or echo-request; of a peer by name v4:8 or v6:128. All types without it.")
      @Nullable
      String icmpType) {}

  /** The answer. */
  @Schema(name = "Explanation")
  record ExplanationView(
      boolean decision,

      @Schema(enumeration = {"permit", "deny", "indeterminate", "not-evaluated"})
      String effect,

      List<String> reasons,
      @Schema(nullable = true) @Nullable String policy,

      @Schema(nullable = true, description = "The rule of the policy that decided.") @Nullable
      String rule,

      String policyHash,
      List<FlowView> flows,

      @Schema(
          description =
              "What would deny if it did not observe; while a segment of the device does, more than the flows is permitted.")
      List<String> observed,

      @Schema(nullable = true) @Nullable Instant validUntil,
      @Schema(nullable = true) @Nullable AppraisalView posture,

      @Schema(description = "What policy looked at.") List<FactView> facts,

      @Schema(description = "What policies want and is not so.")
      List<UnmetView> unmet,

      @Schema(description = "Each alone would turn policy's answer; nearest first.")
      List<ChangeView> changes) {}

  /** Something that was looked at. */
  @Schema(name = "ExplanationFact")
  record FactView(
      String name,
      @Schema(nullable = true) @Nullable String value,

      @Schema(enumeration = {"device", "appraisal", "signal", "question"})
      String source) {
    static FactView of(Explanation.Fact fact) {
      return new FactView(fact.name(), fact.value(), fact.source());
    }
  }

  /** Something that a policy wants and is not so. */
  @Schema(name = "Unmet")
  record UnmetView(
      String policy,
      @Schema(nullable = true) @Nullable String rule,

      @Schema(enumeration = {"posture", "condition", "flow", "forbidden", "time"})
      String kind,

      String what,
      @Schema(nullable = true) @Nullable String has,
      String wants) {
    static UnmetView of(Explanation.Unmet unmet) {
      return new UnmetView(
          unmet.policy(),
          unmet.rule(),
          word(unmet.kind()),
          unmet.what(),
          unmet.has(),
          unmet.wants());
    }
  }

  /** What would turn the answer. */
  @Schema(name = "NearestChange")
  record ChangeView(
      String policy,

      @Schema(enumeration = {"posture", "condition", "flow", "forbidden", "time"})
      String kind,

      String words) {
    static ChangeView of(Explanation.Change change) {
      return new ChangeView(change.policy(), word(change.kind()), change.words());
    }
  }

  private static String word(Explanation.Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  /** A flow as a policy allows it. */
  @Schema(name = "AllowedFlow")
  record FlowView(
      String peer,
      String protocol,

      @Schema(description = "Of icmp its types, all of them when there are none.")
      List<String> ports) {
    static FlowView of(AllowedFlow flow) {
      return new FlowView(flow.peer(), flow.protocol(), flow.ports());
    }
  }
}

package io.sallyport.admin.api;

import io.sallyport.admin.Rights.Right;
import io.sallyport.decision.Replays;
import io.sallyport.decision.Replays.Decider;
import io.sallyport.decision.Replays.Example;
import io.sallyport.decision.Replays.Group;
import io.sallyport.decision.Replays.Report;
import io.sallyport.decision.Replays.TurnedDevice;
import io.sallyport.decision.Replays.TurnedRule;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.PolicyVersions;
import io.sallyport.policy.PolicyVersions.Planned;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What other policies would have decided of what was asked lately. */
@Path(Api.V1 + "/policy-sets/replay")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "policies")
class PolicyReplayResource {
  private static final int USUAL_DAYS = 7;
  private static final int MOST_DAYS = 400;

  private final PolicyVersions versions;
  private final Replays replays;
  private final Clock clock;

  PolicyReplayResource(PolicyVersions versions, Replays replays, Clock clock) {
    this.versions = versions;
    this.replays = replays;
    this.clock = clock;
  }

  @POST
  @Consumes(Api.YAML)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(
      operationId = "replayPolicies",
      summary = "Which recorded decisions these documents would have turned",
      description =
          "Logged decisions of the last days are decided again from what they were computed from. Denials are all logged,"
              + " permits as the node's share says. A question without a flow counts as permitted when the device would be let"
              + " through with anything. One replay at a time on a node.")
  public PolicyReplay replay(
      @Parameter(description = "As if every policy that is not among the documents were withdrawn.")
          @QueryParam("all")
          @DefaultValue("false")
          boolean all,
      @Parameter(description = "Instead of documents: a set that was in force.")
          @QueryParam("set")
          @Nullable
          String set,
      @QueryParam("days")
          @Parameter(
              description = "How many days back.",
              schema =
                  @Schema(
                      type = SchemaType.INTEGER,
                      minimum = "1",
                      maximum = "400",
                      defaultValue = "7"))
          @Nullable
          String days,
      @Nullable String documents) {
    Duration back = Duration.ofDays(Fields.number("days", days, USUAL_DAYS, 1, MOST_DAYS));
    Planned planned =
        set == null ? versions.plan(Fields.body(documents), all) : versions.planRollBack(set);
    return PolicyReplay.of(replays.replay(planned.candidate(), clock.instant().minus(back)));
  }

  /** What came of it. */
  @Schema(name = "PolicyReplay")
  record PolicyReplay(
      @Schema(description = "The set that decided again.") String set,

      @Schema(description = "The set that is in force.") String inForce,

      @Schema(
          nullable = true,
          description =
              "The set that a canary tries on a share of the devices now: for these it is what is in force.")
      @Nullable
      String canary,

      @Schema(description = "Later than asked for when more was logged than one replay looks at.")
      Instant from,

      Instant until,

      @Schema(description = "Whether all of the asked time was looked at.")
      boolean complete,

      @Schema(description = "Recorded decisions that were looked at.")
      long decisions,

      @Schema(description = "Those that were decided again.")
      long replayed,

      @Schema(
          description =
              "Those that could not be: logged before inputs were kept, with inputs too large, or dropped since.")
      long withoutInputs,

      @Schema(
          description =
              "Those that were denied whatever policies say: unknown, stale, not active, without a live certificate.")
      long notAsked,

      @Schema(description = "Permits that would have been denials.")
      long denied,

      @Schema(description = "Denials that would have been permits.")
      long permitted,

      @Schema(description = "Of both, those that the set in force turns likewise by now.")
      long already,

      @Schema(description = "The share of permits that this node logs; denials it logs all.")
      double permitsLogged,

      @Schema(
          description =
              "By the set that had decided, a canary's too; at most 100, those of now first.")
      List<ReplayedSet> sets,

      @Schema(description = "By device, at most 100, most changed first.")
      List<ReplayedDevice> devices,

      @Schema(
          description =
              "By the rule that permitted when they were recorded, or would permit; at most 100.")
      List<ReplayedRule> rules,

      @Schema(description = "By what was asked for, at most 100.")
      List<ReplayedFlow> flows) {
    static PolicyReplay of(Report report) {
      return new PolicyReplay(
          report.candidate(),
          report.inForce(),
          report.canary(),
          report.from(),
          report.until(),
          report.complete(),
          report.decisions(),
          report.replayed(),
          report.without(),
          report.unasked(),
          report.denied(),
          report.permitted(),
          report.already(),
          report.share(),
          report.deciders().stream().map(ReplayedSet::of).toList(),
          report.devices().stream().map(ReplayedDevice::of).toList(),
          report.rules().stream().map(ReplayedRule::of).toList(),
          report.flows().stream().map(ReplayedFlow::of).toList());
    }
  }

  /** A set whose decisions were decided again. */
  @Schema(name = "ReplayedSet")
  record ReplayedSet(
      String set,

      @Schema(description = "How many of its decisions were decided again.")
      long decisions,

      long denied,
      long permitted) {
    static ReplayedSet of(Decider decider) {
      return new ReplayedSet(
          decider.set(), decider.decisions(), decider.denied(), decider.permitted());
    }
  }

  /** A device with decisions that would turn. */
  @Schema(name = "ReplayedDevice")
  record ReplayedDevice(
      UUID device,
      String serialNumber,
      String profile,
      String site,
      long denied,
      long permitted,
      List<ReplayedDecision> examples) {
    static ReplayedDevice of(Group<TurnedDevice> group) {
      TurnedDevice key = group.key();
      return new ReplayedDevice(
          key.device(),
          key.serialNumber(),
          key.profile(),
          key.site(),
          group.denied(),
          group.permitted(),
          ReplayedDecision.of(group.examples()));
    }
  }

  /** A rule by which decisions turn. */
  @Schema(name = "ReplayedRule")
  record ReplayedRule(
      @Schema(nullable = true) @Nullable String policy,
      @Schema(nullable = true) @Nullable String rule,
      long denied,
      long permitted,
      List<ReplayedDecision> examples) {
    static ReplayedRule of(Group<TurnedRule> group) {
      return new ReplayedRule(
          group.key().policy(),
          group.key().rule(),
          group.denied(),
          group.permitted(),
          ReplayedDecision.of(group.examples()));
    }
  }

  /** What was asked for in decisions that would turn. */
  @Schema(name = "ReplayedFlow")
  record ReplayedFlow(
      @Schema(enumeration = {"from-device", "to-device"}) String direction,
      String peer,
      String protocol,
      int port,

      @Schema(nullable = true, description = "Of icmp; null for all types.") @Nullable
      String icmpType,

      long denied,
      long permitted,
      List<ReplayedDecision> examples) {
    static ReplayedFlow of(Group<RequestedFlow> group) {
      RequestedFlow flow = group.key();
      return new ReplayedFlow(
          flow.direction() == Direction.FROM_DEVICE ? "from-device" : "to-device",
          flow.peer(),
          flow.protocol(),
          IcmpTypes.port(flow),
          IcmpTypes.type(flow).orElse(null),
          group.denied(),
          group.permitted(),
          ReplayedDecision.of(group.examples()));
    }
  }

  /** A decision that would turn. */
  @Schema(name = "ReplayedDecision")
  record ReplayedDecision(
      UUID decision,
      Instant at,

      @Schema(description = "The set that had decided.") String set,

      UUID device,

      @Schema(description = "The first reason that was given.")
      String recorded,

      @Schema(description = "The first reason that would be given.")
      String then) {
    static List<ReplayedDecision> of(List<Example> examples) {
      return examples.stream()
          .map(example -> new ReplayedDecision(
              example.decision(),
              example.at(),
              example.set(),
              example.device(),
              example.recorded(),
              example.then()))
          .toList();
    }
  }
}

package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.api.PolicySetsResource.PolicyChange;
import io.sallyport.admin.api.PolicySetsResource.PolicyOutcome;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.CanaryPolicies.Share;
import io.sallyport.policy.PolicyCanaries;
import io.sallyport.policy.PolicyCanaries.Canary;
import io.sallyport.policy.PolicyCanaries.Side;
import io.sallyport.policy.PolicyCanaries.Trial;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** Policies on a share of the fleet before they are for all. */
@Path(Api.V1 + "/policy-sets/canary")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "policies")
class PolicyCanaryResource {
  private final PolicyCanaries canaries;
  private final Caller caller;

  PolicyCanaryResource(PolicyCanaries canaries, Caller caller) {
    this.canaries = canaries;
    this.caller = caller;
  }

  @POST
  @Consumes(Api.YAML)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(
      operationId = "beginCanary",
      summary = "Put policies in force for a share of the devices, until then",
      description =
          "Which devices hangs on their ids alone, so each stays on its side, and a larger share holds all of a smaller one."
              + " While it lives, other changes of policies are refused.")
  public RestResponse<PolicyCanary> begin(
      @Parameter(description = "Of the devices that are meant, 1 to 100.")
          @QueryParam("percent")
          @Nullable
          String percent,
      @Parameter(description = "When it is abandoned by itself, within 30 days.")
          @QueryParam("until")
          @Nullable
          String until,
      @Parameter(description = "Only devices of this profile are meant.")
          @QueryParam("profile")
          @Nullable
          String profile,
      @Parameter(description = "Only devices at this site are meant.") @QueryParam("site") @Nullable
          String site,
      @Parameter(description = "Withdraw every policy that is not among the documents.")
          @QueryParam("all")
          @DefaultValue("false")
          boolean all,
      @Parameter(description = "Why.") @QueryParam("note") @Nullable String note,
      @Nullable String documents) {
    String yaml = Fields.body(documents);
    int share = (int) Fields.number("percent", Fields.text("percent", percent), 0, 1, 100);
    Trial trial = new Trial(
        yaml,
        all,
        new Share(share, optional("profile", profile), optional("site", site)),
        instant(Fields.text("until", until)),
        note == null || note.isEmpty() ? "" : Fields.text("note", note));
    return RestResponse.status(
        RestResponse.Status.CREATED, PolicyCanary.of(canaries.begin(trial, caller.actor())));
  }

  private static @Nullable String optional(String name, @Nullable String value) {
    return value == null ? null : Fields.text(name, value);
  }

  private static Instant instant(String value) {
    try {
      return OffsetDateTime.parse(value).toInstant();
    } catch (DateTimeParseException e) {
      throw Fields.malformed("until", "is not a moment such as 2026-11-22T20:00:00Z");
    }
  }

  @GET
  @Requires(value = Right.READ, everySite = true)
  @Operation(
      operationId = "getCanary",
      summary = "The newest canary, and what was decided on each side",
      description = "Counts follow within a second or two.")
  public PolicyCanary get() {
    return PolicyCanary.of(canaries
        .newest()
        .orElseThrow(() -> new Refusal(
            CommonProblem.NOT_FOUND, "No policies were ever tried on a share of the fleet.")));
  }

  @POST
  @Path("promote")
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(operationId = "promoteCanary", summary = "Put what is tried in force for all")
  public RestResponse<PolicyOutcome> promote() {
    return PolicySetsResource.answer(canaries.promote(caller.actor()));
  }

  @POST
  @Path("abandon")
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(operationId = "abandonCanary", summary = "End it with what is in force for all")
  public PolicyCanary abandon() {
    return PolicyCanary.of(canaries.abandon(caller.actor()));
  }

  /** A canary. */
  @Schema(name = "PolicyCanary")
  record PolicyCanary(
      long number,

      @Schema(description = "The set that was in force when it began.")
      String base,

      @Schema(description = "The set that is tried.") String candidate,

      int percent,

      @Schema(nullable = true) @Nullable String profile,

      @Schema(nullable = true) @Nullable String site,

      Instant begunAt,
      String begunBy,
      Instant until,

      @Schema(nullable = true) @Nullable Instant endedAt,

      @Schema(
          enumeration = {"promoted", "abandoned", "expired"},
          nullable = true)
      @Nullable
      String outcome,

      String note,
      List<PolicyChange> changes,

      @Schema(description = "What was decided by what is in force, then by the candidate.")
      List<CanarySide> sides) {
    static PolicyCanary of(Canary canary) {
      return new PolicyCanary(
          canary.number(),
          canary.base(),
          canary.candidate(),
          canary.share().percent(),
          canary.share().profile(),
          canary.share().site(),
          canary.begunAt(),
          canary.begunBy(),
          canary.until(),
          canary.endedAt(),
          canary.outcome(),
          canary.note(),
          canary.changes().stream().map(PolicyChange::of).toList(),
          canary.sides().stream().map(CanarySide::of).toList());
    }
  }

  /** What was decided on one side. */
  @Schema(name = "CanarySide")
  record CanarySide(
      @Schema(enumeration = {"in-force", "candidate"}) String side,

      long permits,
      long denials,

      @Schema(description = "Of these the ones that the other side was asked too.")
      long compared,

      @Schema(description = "Of those the ones that it would have answered otherwise.")
      long differing) {
    static CanarySide of(Side side) {
      return new CanarySide(
          side.candidate() ? "candidate" : "in-force",
          side.permits(),
          side.denials(),
          side.compared(),
          side.differing());
    }
  }
}

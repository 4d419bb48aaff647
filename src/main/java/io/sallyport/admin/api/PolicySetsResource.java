package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicyVersions;
import io.sallyport.policy.PolicyVersions.Act;
import io.sallyport.policy.PolicyVersions.Change;
import io.sallyport.policy.PolicyVersions.Outcome;
import io.sallyport.policy.PolicyVersions.Terms;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** Access policies as a whole: what was in force, and putting it in force again. */
@Path(Api.V1 + "/policy-sets")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "policies")
class PolicySetsResource {
  /** One entity tag (RFC 9110 §13.1.1), strong, or any. */
  private static final Pattern TAG = Pattern.compile("\\*|\"([0-9a-f]{64})\"");

  private final PolicyVersions versions;
  private final Caller caller;
  private final Once once;

  PolicySetsResource(PolicyVersions versions, Caller caller, Once once) {
    this.versions = versions;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Path("rollback")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(
      operationId = "rollBackPolicies",
      summary = "Put an earlier set of policies in force again, in one act")
  public RestResponse<PolicyOutcome> rollBack(
      @Parameter(description = "The set that must be in force, as an entity tag.")
          @HeaderParam(HttpHeaders.IF_MATCH)
          @Nullable
          String expected,
      @Nullable RollBack body) {
    RollBack wanted = Fields.body(body);
    String set = Fields.text("set", wanted.set());
    Terms terms = terms(expected, wanted.note());
    if (Boolean.TRUE.equals(wanted.dryRun())) {
      return answer(versions.checkRollBack(set, terms));
    }
    return answer(once.run(200, () -> versions.rollBack(set, terms, caller.actor())));
  }

  @GET
  @Requires(Right.READ)
  @Operation(
      operationId = "listPolicyActs",
      summary = "What was applied, withdrawn and rolled back, newest first")
  public Items<PolicyAct> history(@BeanParam Paging paging) {
    return paging.of("policy-acts", versions::acts, PolicyAct::of);
  }

  @GET
  @Path("acts/{act}")
  @Requires(Right.READ)
  @Operation(operationId = "getPolicyAct", summary = "What one act changed, policy by policy")
  public PolicyActChanges act(@PathParam("act") long act) {
    List<Change> changes = versions.changes(act);
    if (changes.isEmpty()) {
      throw new Refusal(CommonProblem.NOT_FOUND, "No act has this number, or it changed nothing.");
    }
    return new PolicyActChanges(act, changes.stream().map(PolicyChange::of).toList());
  }

  @GET
  @Path("{hash}")
  @Requires(Right.READ)
  @Operation(
      operationId = "getPolicySet",
      summary = "The policies of a set that is or was in force, by their version hashes")
  public PolicySetView set(@PathParam("hash") String hash) {
    return versions
        .members(hash)
        .map(members -> new PolicySetView(hash, new TreeMap<>(members)))
        .orElseThrow(() -> new Refusal(
            CommonProblem.NOT_FOUND, "No set of policies with this hash was ever in force."));
  }

  static Terms terms(@Nullable String expected, @Nullable String note) {
    String why = note == null || note.isEmpty() ? "" : Fields.text("note", note);
    if (expected == null) {
      return new Terms(null, why);
    }
    Matcher tag = TAG.matcher(expected.strip());
    if (!tag.matches()) {
      throw new Refusal(
          CommonProblem.MALFORMED,
          "If-Match must be the hash of one set in double quotes, as the ETag of an answer has it.");
    }
    return new Terms(tag.group(1), why);
  }

  static RestResponse<PolicyOutcome> answer(Outcome outcome) {
    return RestResponse.ResponseBuilder.ok(PolicyOutcome.of(outcome))
        .header(HttpHeaders.ETAG, '"' + outcome.set() + '"')
        .build();
  }

  /** What an act did, or would do. */
  @Schema(name = "PolicyOutcome")
  record PolicyOutcome(
      @Schema(description = "Its number; null when nothing was changed.", nullable = true) @Nullable
      Long act,

      @Schema(description = "The set that is in force afterwards.")
      String set,

      @Schema(description = "The set that was in force before.")
      String replaced,

      List<PolicyChange> changes) {
    static PolicyOutcome of(Outcome outcome) {
      return new PolicyOutcome(
          outcome.act(),
          outcome.set(),
          outcome.replaced(),
          outcome.changes().stream().map(PolicyChange::of).toList());
    }
  }

  /** One policy of an act. */
  @Schema(name = "PolicyChange")
  record PolicyChange(
      String name,

      @Schema(enumeration = {"added", "replaced", "removed"})
      String change,

      @Schema(description = "The version hash before.", nullable = true) @Nullable
      String from,

      @Schema(description = "The version hash after.", nullable = true) @Nullable
      String to) {
    static PolicyChange of(Change change) {
      return new PolicyChange(
          change.name(),
          change.from() == null ? "added" : change.to() == null ? "removed" : "replaced",
          change.from(),
          change.to());
    }
  }

  /** An act that was done. */
  @Schema(name = "PolicyAct")
  record PolicyAct(
      long act,
      Instant at,
      String by,

      @Schema(enumeration = {"apply", "remove", "rollback"}) String kind,

      @Schema(description = "The set that it put in force.") String set,

      @Schema(description = "The set before it.") String replaced,

      @Schema(description = "How many policies it changed.") int changed,

      String note) {
    static PolicyAct of(Act act) {
      return new PolicyAct(
          act.number(),
          act.at(),
          act.by(),
          act.kind(),
          act.set(),
          act.replaced(),
          act.changed(),
          act.note());
    }
  }

  /** The policies that an act changed. */
  @Schema(name = "PolicyActChanges")
  record PolicyActChanges(long act, List<PolicyChange> changes) {}

  /** A set of policies. */
  @Schema(name = "PolicySet")
  record PolicySetView(
      String set,

      @Schema(description = "The version hash of each policy by its name.")
      Map<String, String> members) {}

  /** Which set. */
  @Schema(name = "PolicyRollBack", requiredProperties = "set")
  record RollBack(
      @Schema(description = "Its hash, as the history has it.") @Nullable
      String set,

      @Nullable String note,

      @Schema(description = "Only say what would be changed.") @Nullable
      Boolean dryRun) {}
}

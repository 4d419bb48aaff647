package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.api.PolicySetsResource.PolicyOutcome;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicyVersions;
import io.sallyport.policy.PolicyVersions.Terms;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** Access policies changed together, and the texts that they had. */
@Path(Api.V1 + "/policies")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "policies")
class PolicyDocumentsResource {
  private final PolicyVersions versions;
  private final Caller caller;

  PolicyDocumentsResource(PolicyVersions versions, Caller caller) {
    this.versions = versions;
    this.caller = caller;
  }

  @PUT
  @Consumes(Api.YAML)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  @Operation(
      operationId = "applyPolicies",
      summary = "Apply several policy documents in one act",
      description = "All of them or none. The answer's ETag is the set in force afterwards.")
  public RestResponse<PolicyOutcome> apply(
      @Parameter(description = "The set that must be in force, as an entity tag.")
          @HeaderParam(HttpHeaders.IF_MATCH)
          @Nullable
          String expected,
      @Parameter(description = "Withdraw every policy that is not among the documents.")
          @QueryParam("all")
          @DefaultValue("false")
          boolean all,
      @Parameter(description = "Only say what would be changed.")
          @QueryParam("dry-run")
          @DefaultValue("false")
          boolean dryRun,
      @Parameter(description = "Why, for the history.") @QueryParam("note") @Nullable String note,
      @Nullable String documents) {
    Terms terms = PolicySetsResource.terms(expected, note);
    String yaml = Fields.body(documents);
    return PolicySetsResource.answer(
        dryRun
            ? versions.check(yaml, all, terms)
            : versions.apply(yaml, all, terms, caller.actor()));
  }

  @GET
  @Path("{name}/versions/{hash}")
  @Requires(Right.READ)
  @Operation(
      operationId = "getPolicyVersion",
      summary = "The document of a version that is or was in force")
  public PolicyVersion version(@PathParam("name") String name, @PathParam("hash") String hash) {
    return versions
        .document(name, hash)
        .map(document -> new PolicyVersion(name, hash, document))
        .orElseThrow(() -> new Refusal(
            CommonProblem.NOT_FOUND, "This policy never had a version with this hash."));
  }

  /** A text that was applied once. */
  @Schema(name = "PolicyVersion")
  record PolicyVersion(String name, String hash, String document) {}
}

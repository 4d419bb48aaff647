package io.sallyport.admin.api;

import io.sallyport.admin.Rights.Right;
import io.sallyport.decision.RuleUses;
import io.sallyport.decision.RuleUses.Use;
import io.sallyport.policy.PolicyVersions;
import io.sallyport.policy.PolicyVersions.Rule;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Which rules in force decided anything, so that those that never do can be tightened or withdrawn. */
@Path(Api.V1 + "/policy-sets/coverage")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "policies")
class PolicyCoverageResource {
  private static final Duration USUAL = Duration.ofDays(7);
  private static final Duration LONGEST = Duration.ofDays(90);

  private final PolicyVersions versions;
  private final RuleUses uses;
  private final Clock clock;

  PolicyCoverageResource(PolicyVersions versions, RuleUses uses, Clock clock) {
    this.versions = versions;
    this.uses = uses;
    this.clock = clock;
  }

  @GET
  @Requires(value = Right.READ, everySite = true)
  @Operation(
      operationId = "getPolicyCoverage",
      summary = "How often each rule in force decided",
      description =
          "Counted over the logged decisions; when only a share of the permits is logged, a rule that is seldom used may"
              + " seem unused.")
  public PolicyCoverage get(
      @Parameter(
              description =
                  "How far back, an ISO 8601 duration of at most 90 days; P7D unless said.")
          @QueryParam("since")
          @Nullable
          String since) {
    Duration back = Fields.duration("since", since, USUAL);
    if (back.isNegative() || back.compareTo(LONGEST) > 0) {
      throw Fields.malformed("since", "is not a duration of at most 90 days");
    }
    Instant from = clock.instant().minus(back);
    Map<String, Use> used = uses.since(from).stream()
        .collect(Collectors.toMap(use -> use.policy() + " " + use.rule(), Function.identity()));
    List<RuleCoverage> rules = versions.rules().stream()
        .map(rule -> RuleCoverage.of(rule, used.get(rule.policy() + " " + rule.rule())))
        .toList();
    return new PolicyCoverage(
        from, rules.stream().filter(rule -> rule.decisions() == 0).count(), rules);
  }

  /** The rules in force and their use. */
  @Schema(name = "PolicyCoverage")
  record PolicyCoverage(
      Instant since,

      @Schema(description = "How many of them decided nothing.")
      long unused,

      List<RuleCoverage> rules) {}

  /** A rule. */
  @Schema(name = "RuleCoverage")
  record RuleCoverage(
      String policy,
      String rule,

      @Schema(enumeration = {"permit", "forbid"}) String effect,

      @Schema(description = "How many logged decisions it decided.")
      long decisions,

      @Schema(description = "The newest of them.", nullable = true) @Nullable
      Instant last) {
    static RuleCoverage of(Rule rule, @Nullable Use use) {
      return new RuleCoverage(
          rule.policy(),
          rule.rule(),
          rule.forbids() ? "forbid" : "permit",
          use == null ? 0 : use.decisions(),
          use == null ? null : use.last());
    }
  }
}

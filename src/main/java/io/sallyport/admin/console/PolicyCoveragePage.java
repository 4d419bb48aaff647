package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decision.RuleUses;
import io.sallyport.decision.RuleUses.Use;
import io.sallyport.policy.PolicyVersions;
import io.sallyport.policy.PolicyVersions.Rule;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which rules decide, and which never do. */
@Path("/console/policy-coverage")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class PolicyCoveragePage {
  private static final Duration BACK = Duration.ofDays(7);

  private final PolicyVersions versions;
  private final RuleUses uses;
  private final Clock clock;

  PolicyCoveragePage(PolicyVersions versions, RuleUses uses, Clock clock) {
    this.versions = versions;
    this.uses = uses;
    this.clock = clock;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance policyCoverage(List<Covered> rules, long unused);
  }

  /** A rule in force and its use. */
  record Covered(Rule rule, Tag effect, @Nullable Use use) {}

  /** Those that decided nothing first. */
  @GET
  @Requires(value = Right.READ, everySite = true)
  public TemplateInstance coverage() {
    Map<String, Use> used = uses.since(clock.instant().minus(BACK)).stream()
        .collect(Collectors.toMap(use -> use.policy() + " " + use.rule(), Function.identity()));
    List<Covered> rules = versions.rules().stream()
        .map(rule -> new Covered(
            rule,
            rule.forbids() ? new Tag("forbid", "bad") : new Tag("permit", "good"),
            used.get(rule.policy() + " " + rule.rule())))
        .sorted(Comparator.comparing(rule -> rule.use() != null))
        .toList();
    return Templates.policyCoverage(
        rules, rules.stream().filter(rule -> rule.use() == null).count());
  }
}

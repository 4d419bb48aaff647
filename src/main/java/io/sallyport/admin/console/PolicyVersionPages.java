package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.console.TextDifference.Line;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicyVersions;
import io.sallyport.policy.PolicyVersions.Act;
import io.sallyport.policy.PolicyVersions.Change;
import io.sallyport.policy.PolicyVersions.Terms;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What was applied, withdrawn and rolled back, what each act changed, and putting an earlier set in force again. */
@Path("/console/policy-versions")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class PolicyVersionPages {
  private static final int ROWS = 50;
  /** Policies of one act whose texts are compared. */
  private static final int MOST_COMPARED = 20;

  private final PolicyVersions versions;
  private final Caller caller;

  PolicyVersionPages(PolicyVersions versions, Caller caller) {
    this.versions = versions;
    this.caller = caller;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance policyVersions(
        List<Row> acts, @Nullable String next, String done);

    static native TemplateInstance policyVersion(View view);
  }

  /** An act. */
  record Row(Act act, Tag kind) {
    static Row of(Act act) {
      return new Row(
          act,
          switch (act.kind()) {
            case "remove" -> new Tag("withdrawn", "warn");
            case "rollback" -> new Tag("rolled back", "blue");
            default -> new Tag("applied", "good");
          });
    }
  }

  /** One policy of an act. */
  record Changed(Change change, Tag what, List<Line> lines) {}

  /**
   * An act and what it changed.
   *
   * @param more policies whose texts are not compared
   * @param current the set in force now
   * @param back what would change if the act's set were put in force again, in words; empty when it is
   */
  record View(Row row, List<Changed> changes, int more, String current, List<String> back) {}

  @GET
  @Requires(Right.READ)
  public TemplateInstance list(
      @QueryParam("cursor") @Nullable String cursor, @QueryParam("done") @Nullable String done) {
    Page<Act> page = versions.acts(cursor, ROWS);
    String next = page.next();
    return Templates.policyVersions(
        page.items().stream().map(Row::of).toList(),
        next == null ? null : Inputs.address("/console/policy-versions", "cursor", next),
        "rolled-back".equals(done) ? "The earlier policies are in force again" : "");
  }

  @GET
  @Path("{act}")
  @Requires(Right.READ)
  public TemplateInstance get(@PathParam("act") long number) {
    Act act = versions.acts(Long.toString(number + 1), 1).items().stream()
        .filter(found -> found.number() == number)
        .findFirst()
        .orElseThrow(() -> new Refusal(CommonProblem.NOT_FOUND, "No act has this number."));
    List<Change> changes = versions.changes(number);
    String current = versions.acts(null, 1).items().getFirst().set();
    List<String> back = act.set().equals(current)
        ? List.of()
        : versions.checkRollBack(act.set(), Terms.ANY).changes().stream()
            .map(change -> change.name() + ": " + what(change).word())
            .toList();
    return Templates.policyVersion(new View(
        Row.of(act),
        changes.stream()
            .limit(MOST_COMPARED)
            .map(change -> new Changed(
                change,
                what(change),
                TextDifference.of(
                    text(change.name(), change.from()), text(change.name(), change.to()))))
            .toList(),
        Math.max(0, changes.size() - MOST_COMPARED),
        current,
        back.size() <= MOST_COMPARED
            ? back
            : Stream.concat(
                    back.stream().limit(MOST_COMPARED),
                    Stream.of("and " + (back.size() - MOST_COMPARED) + " more"))
                .collect(Collectors.toList())));
  }

  private static Tag what(Change change) {
    return change.from() == null
        ? new Tag("added", "good")
        : change.to() == null ? new Tag("withdrawn", "bad") : new Tag("replaced", "blue");
  }

  private String text(String name, @Nullable String hash) {
    return hash == null ? "" : versions.document(name, hash).orElse("");
  }

  /** Only over the set that its page was made of. */
  @POST
  @Path("rollback")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  public Response rollBack(
      @FormParam("set") @Nullable String set,
      @FormParam("base") @Nullable String base,
      @FormParam("note") @Nullable String note) {
    versions.rollBack(
        Inputs.line("Set", set),
        new Terms(Inputs.line("Base", base), Inputs.find("Note", note).orElse("")),
        caller.actor());
    return Response.seeOther(URI.create("/console/policy-versions?done=rolled-back"))
        .build();
  }
}

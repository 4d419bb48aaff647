package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Documents;
import io.sallyport.admin.Rights.Right;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Policies;
import io.sallyport.policy.Policies.Policy;
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
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Access policies: read, written, checked before they apply, withdrawn. */
@Path("/console/policies")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class PolicyPages {
  private static final int ROWS = 50;

  private static final String NEW = """
      apiVersion: sallyport.io/v1
      kind: AccessPolicy
      metadata: {name: my-policy}
      spec:
        selector: {profile: my-profile}
        posture:
          executables: {tier: warning, assurance: signed-software}
        allow:
          - {peer: service.example, protocol: tcp, ports: [443]}
        grant: {ttl: PT10M}
      """;

  private final Policies policies;
  private final Documents documents;
  private final RefusedForms refused;
  private final Caller caller;

  PolicyPages(Policies policies, Documents documents, RefusedForms refused, Caller caller) {
    this.policies = policies;
    this.documents = documents;
    this.refused = refused;
    this.caller = caller;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance policies(
        List<Policy> policies, @Nullable String next, String done);

    static native TemplateInstance policy(View view);
  }

  /**
   * The editor.
   *
   * @param policy what applies now, or null for a new one
   * @param text what is in the editor
   * @param base the hash of what was edited, empty for a new one
   * @param checked the name that the text was found to have when it was checked and is good, or empty
   */
  record View(
      @Nullable Policy policy,
      String text,
      String base,
      @Nullable Fault fault,
      String checked,
      String done) {}

  /**
   * What is wrong with a text.
   *
   * @param line from 1; 0 when the fault has no place
   * @param excerpt the line as it is
   */
  record Fault(String sentence, int line, int column, String excerpt) {
    private static final Pattern PLACE =
        Pattern.compile("line (\\d{1,6}), column (\\d{1,6}): (.*)", Pattern.DOTALL);

    static Fault of(Refusal refusal, String text) {
      Matcher place = PLACE.matcher(refusal.detail());
      if (!place.matches()) {
        return new Fault(refusal.detail(), 0, 0, "");
      }
      int line = Integer.parseInt(place.group(1));
      String excerpt = text.lines().skip(Math.max(0, line - 1)).findFirst().orElse("");
      return new Fault(place.group(3), line, Integer.parseInt(place.group(2)), excerpt);
    }

    /** A caret under the column; what is not a tab becomes a space, so that it stands where the eye looks. */
    public String caret() {
      StringBuilder caret = new StringBuilder();
      for (int i = 0; i < column - 1; i++) {
        caret.append(i < excerpt.length() && excerpt.charAt(i) == '\t' ? '\t' : ' ');
      }
      return caret.append('^').toString();
    }
  }

  @GET
  @Requires(Right.READ)
  public TemplateInstance list(
      @QueryParam("cursor") @Nullable String cursor, @QueryParam("done") @Nullable String done) {
    Page<Policy> page = policies.list(cursor, ROWS);
    String next = page.next();
    return Templates.policies(
        page.items(),
        next == null ? null : Inputs.address("/console/policies", "cursor", next),
        "removed".equals(done) ? "Policy withdrawn" : "");
  }

  @GET
  @Path("new")
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  public TemplateInstance start() {
    return Templates.policy(new View(null, NEW, "", null, "", ""));
  }

  @GET
  @Path("{name}")
  @Requires(Right.READ)
  public TemplateInstance get(
      @PathParam("name") String name, @QueryParam("done") @Nullable String done) {
    Policy policy = known(name);
    return Templates.policy(new View(
        policy,
        policy.yaml(),
        policy.hash(),
        null,
        "",
        "applied".equals(done) ? "Policy applied" : ""));
  }

  /** Checks, or checks and applies; a text with a fault comes back with it. */
  @POST
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  public Response write(
      @FormParam("name") @Nullable String name,
      @FormParam("base") @Nullable String base,
      @FormParam("text") @Nullable String form,
      @FormParam("act") @Nullable String act) {
    String text = Inputs.document(form);
    Policy current = name == null || name.isEmpty() ? null : known(name);
    String start = base == null ? "" : base;
    boolean applies = "apply".equals(act);
    try {
      String found = policies.check(text);
      if (!applies) {
        return Response.ok(Templates.policy(new View(current, text, start, null, found, "")))
            .build();
      }
      requireUnchanged(current, found, start);
      Policy applied =
          documents.applyPolicy(current == null ? found : current.name(), text, caller.actor());
      return Response.seeOther(URI.create("/console/policies/" + applied.name() + "?done=applied"))
          .build();
    } catch (Refusal refusal) {
      if (applies) {
        refused.record("/console/policies", refusal);
      }
      return Response.status(applies ? refusal.problem().status() : 200)
          .entity(Templates.policy(new View(current, text, start, Fault.of(refusal, text), "", "")))
          .build();
    }
  }

  @POST
  @Path("{name}/remove")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(value = Right.WRITE_POLICIES, everySite = true)
  public Response remove(@PathParam("name") String name) {
    policies.remove(name, caller.actor());
    return Response.seeOther(URI.create("/console/policies?done=removed")).build();
  }

  /** Nobody overwrites what they have not seen. */
  private void requireUnchanged(@Nullable Policy current, String found, String base) {
    if (current == null) {
      if (policies.find(found).isPresent()) {
        throw new Refusal(
            CommonProblem.CONFLICT,
            "A policy \"" + found + "\" exists already; choose another name or edit that one.");
      }
    } else if (!Objects.equals(current.hash(), base)) {
      throw new Refusal(
          CommonProblem.CONFLICT,
          "The policy was changed by somebody else since you opened it; open it again and repeat your change.");
    }
  }

  private Policy known(String name) {
    Optional<Policy> policy = policies.find(name);
    return policy.orElseThrow(
        () -> new Refusal(CommonProblem.NOT_FOUND, "There is no policy of this name."));
  }
}

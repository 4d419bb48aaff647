package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decision.Observations;
import io.sallyport.decision.Observations.Missed;
import io.sallyport.decision.Observations.Observation;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Policies;
import io.sallyport.policy.PolicyProblem;
import io.sallyport.policy.ProposedPolicy;
import io.sallyport.policy.ProposedPolicy.Seen;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is let be where policy only observes, and the rules that would keep it. */
@Path("/console/observations")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class ObservationPages {
  private static final int ROWS = 100;

  private final Observations observations;
  private final Policies policies;

  ObservationPages(Observations observations, Policies policies) {
    this.observations = observations;
    this.policies = policies;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance observations(
        List<Seeing> observed, List<Missed> missed, @Nullable String next);

    static native TemplateInstance proposal(Proposal proposal);
  }

  /** A flow that was let be, and where its proposal is. */
  record Seeing(Observation one, String flow, String proposal) {}

  /** Policies that would permit what was seen. */
  record Proposal(String document, String profile, String text) {}

  @GET
  @Requires(value = Right.READ, everySite = true)
  public TemplateInstance observed(@QueryParam("cursor") @Nullable String cursor) {
    Page<Observation> page = observations.list(null, null, cursor, ROWS);
    String next = page.next();
    return Templates.observations(
        page.items().stream()
            .map(one -> new Seeing(
                one,
                (one.flow().direction() == Direction.TO_DEVICE ? "from " : "to ")
                    + DeviceDossier.flow(
                        one.flow().peer(), one.flow().protocol(), port(one.flow())),
                Inputs.address(
                    "/console/observations/proposal",
                    "document",
                    one.document(),
                    "profile",
                    one.profile())))
            .toList(),
        observations.missed(),
        next == null ? null : Inputs.address("/console/observations", "cursor", next));
  }

  /** Of icmp the type; nothing for all of them. */
  private static String port(RequestedFlow flow) {
    return flow.protocol().equals("icmp")
        ? IcmpTypes.text(flow.port(), flow.peer()).orElse("")
        : Integer.toString(flow.port());
  }

  @GET
  @Path("proposal")
  @Requires(value = Right.READ, everySite = true)
  public TemplateInstance proposal(
      @QueryParam("document") @Nullable String document,
      @QueryParam("profile") @Nullable String profile) {
    String name = Inputs.line("Document", document);
    String of = Inputs.line("Profile", profile);
    String observing = policies
        .find(name)
        .orElseThrow(() ->
            new Refusal(PolicyProblem.UNKNOWN_POLICY, "What observed is not in force any more."))
        .yaml();
    List<Seen> seen = observations.all(name, of).stream()
        .map(one -> new Seen(one.flow(), one.uses(), one.devices(), one.first(), one.last()))
        .toList();
    return Templates.proposal(new Proposal(name, of, ProposedPolicy.of(observing, of, seen)));
  }
}

package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.pki.RenewalPlan;
import io.sallyport.pki.RenewalPlan.Campaign;
import io.sallyport.pki.RenewalPlan.Scope;
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
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Renewals that are pulled forward. Whoever is bound to sites sees none, as over REST. */
@Path("/console/renewals")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class RenewalPages {
  private static final int ROWS = 100;
  private static final int WHOLE = 1000;

  /** Over which time renewals are spread, by what people choose. */
  private static final Map<String, Duration> SPREADS = Collections.unmodifiableMap(spreads());

  private final RenewalPlan plan;
  private final Caller caller;
  private final Clock clock;

  RenewalPages(RenewalPlan plan, Caller caller, Clock clock) {
    this.plan = plan;
    this.caller = caller;
    this.clock = clock;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance renewals(List<Row> campaigns, List<String> spreads, String done);
  }

  /**
   * A campaign.
   *
   * @param over how much of the time over which it spreads renewals is over, of {@value #WHOLE}
   */
  record Row(Campaign campaign, String concerns, Tag state, boolean open, long over) {
    static Row of(Campaign campaign, Instant now) {
      boolean open = campaign.endedAt() == null;
      long whole =
          Math.max(1, Duration.between(campaign.startedAt(), campaign.until()).toSeconds());
      Instant at = open ? now : Objects.requireNonNullElse(campaign.endedAt(), now);
      long over = Math.clamp(
          Duration.between(campaign.startedAt(), at).toSeconds() * WHOLE / whole, 0, WHOLE);
      return new Row(
          campaign,
          concerns(campaign.scope()),
          !open
              ? new Tag("ended", "calm")
              : now.isBefore(campaign.until())
                  ? new Tag("asking", "blue")
                  : new Tag("all asked", "good"),
          open,
          over);
    }

    private static String concerns(Scope scope) {
      String named = Stream.of(
              named("authority ", scope.authority()),
              named("certificate profile ", scope.certificateProfile()),
              named("device profile ", scope.deviceProfile()),
              named("site ", scope.site()))
          .filter(one -> !one.isEmpty())
          .collect(Collectors.joining(", "));
      return named.isEmpty() ? "all devices" : named;
    }

    private static String named(String kind, @Nullable String name) {
      return name == null ? "" : kind + name;
    }

    /** In words, for the bar. */
    public String progress() {
      return over / 10 + " % of its time";
    }
  }

  @GET
  @Requires(value = Right.READ, everySite = true)
  public TemplateInstance list(@QueryParam("done") @Nullable String done) {
    Instant now = clock.instant();
    return Templates.renewals(
        plan.campaigns().stream().limit(ROWS).map(one -> Row.of(one, now)).toList(),
        List.copyOf(SPREADS.keySet()),
        switch (done == null ? "" : done) {
          case "started" -> "Devices are asked to renew";
          case "ended" -> "Ended: certificates go by their own windows again";
          default -> "";
        });
  }

  @POST
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  public Response start(
      @FormParam("authority") @Nullable String authority,
      @FormParam("certificate-profile") @Nullable String certificateProfile,
      @FormParam("device-profile") @Nullable String deviceProfile,
      @FormParam("site") @Nullable String site,
      @FormParam("within") @Nullable String within,
      @FormParam("reason") @Nullable String reason) {
    Scope scope = new Scope(
        Inputs.find("Authority", authority).orElse(null),
        Inputs.find("Certificate profile", certificateProfile).orElse(null),
        Inputs.find("Device profile", deviceProfile).orElse(null),
        Inputs.find("Site", site).orElse(null));
    Duration spread = SPREADS.get(within == null ? "" : within);
    if (spread == null) {
      throw Inputs.malformed("Choose over which time the renewals are spread.");
    }
    plan.pullForward(scope, spread, Inputs.line("Reason", reason), caller.actor());
    return back("started");
  }

  @POST
  @Path("{id}/end")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  public Response end(@PathParam("id") UUID id) {
    plan.end(id, caller.actor());
    return back("ended");
  }

  private static Map<String, Duration> spreads() {
    Map<String, Duration> spreads = new LinkedHashMap<>();
    spreads.put("1 hour", Duration.ofHours(1));
    spreads.put("24 hours", Duration.ofHours(24));
    spreads.put("7 days", Duration.ofDays(7));
    spreads.put("30 days", Duration.ofDays(30));
    return spreads;
  }

  private static Response back(String done) {
    return Response.seeOther(URI.create("/console/renewals?done=" + done)).build();
  }
}

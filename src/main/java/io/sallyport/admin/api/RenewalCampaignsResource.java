package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.pki.RenewalPlan;
import io.sallyport.pki.RenewalPlan.Campaign;
import io.sallyport.pki.RenewalPlan.Scope;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** Renewals that are pulled forward. */
@Path(Api.V1 + "/renewal-campaigns")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "certificates")
class RenewalCampaignsResource {
  private static final Duration USUAL = Duration.ofHours(24);

  private final RenewalPlan plan;
  private final Caller caller;
  private final Once once;

  RenewalCampaignsResource(RenewalPlan plan, Caller caller, Once once) {
    this.plan = plan;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(
      value = CampaignView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "startRenewalCampaign",
      summary = "Ask devices to renew their certificates earlier, spread over a time",
      description = "Concerns what was issued until now; what is left out of its scope means any.")
  public CampaignView start(@Nullable NewCampaign body) {
    NewCampaign wanted = Fields.body(body);
    Scope scope = new Scope(
        optional("authority", wanted.authority()),
        optional("certificate_profile", wanted.certificateProfile()),
        optional("device_profile", wanted.deviceProfile()),
        optional("site", wanted.site()));
    Duration within = Fields.duration("within", wanted.within(), USUAL);
    String reason = Fields.text("reason", wanted.reason());
    return once.run(
        201, () -> CampaignView.of(plan.pullForward(scope, within, reason, caller.actor())));
  }

  @GET
  @Requires(value = Right.READ, everySite = true)
  @Operation(operationId = "listRenewalCampaigns", summary = "Renewal campaigns, the newest first")
  public Items<CampaignView> list() {
    return new Items<>(plan.campaigns().stream().map(CampaignView::of).toList(), null);
  }

  @POST
  @Path("{id}/end")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "endRenewalCampaign",
      summary = "Let certificates go by their own renewal windows again")
  public CampaignView end(@PathParam("id") UUID id) {
    return once.run(200, () -> CampaignView.of(plan.end(id, caller.actor())));
  }

  private static @Nullable String optional(String field, @Nullable String value) {
    return value == null ? null : Fields.text(field, value);
  }

  /** What is to be renewed earlier. */
  @Schema(name = "NewRenewalCampaign", requiredProperties = "reason")
  record NewCampaign(
      @Nullable String authority,
      @Nullable String certificateProfile,
      @Nullable String deviceProfile,
      @Nullable String site,

      @Schema(
          description = "Over which time the renewals are spread, an ISO 8601 duration.",
          defaultValue = "PT24H")
      @Nullable
      String within,

      @Nullable String reason) {}

  /** A renewal campaign. */
  @Schema(name = "RenewalCampaign")
  record CampaignView(
      UUID id,
      @Schema(nullable = true) @Nullable String authority,
      @Schema(nullable = true) @Nullable String certificateProfile,
      @Schema(nullable = true) @Nullable String deviceProfile,
      @Schema(nullable = true) @Nullable String site,
      String reason,
      String startedBy,
      Instant startedAt,
      Instant until,
      @Schema(nullable = true) @Nullable Instant endedAt) {
    static CampaignView of(Campaign campaign) {
      return new CampaignView(
          campaign.id(),
          campaign.scope().authority(),
          campaign.scope().certificateProfile(),
          campaign.scope().deviceProfile(),
          campaign.scope().site(),
          campaign.reason(),
          campaign.startedBy(),
          campaign.startedAt(),
          campaign.until(),
          campaign.endedAt());
    }
  }
}

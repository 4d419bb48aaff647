package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.SeenPoints;
import io.sallyport.admin.api.PointViews.PointView;
import io.sallyport.admin.api.PointViews.SettingsView;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.EnforcementPoints.Admission;
import io.sallyport.enforcement.EnforcementPoints.Application;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.PointSettings;
import io.sallyport.kernel.Der;
import io.sallyport.pki.Authorities;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** Policy enforcement points. */
@Path(Api.V1 + "/enforcement-points")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "enforcement points")
class EnforcementPointsResource {
  private final EnforcementPoints points;
  private final SeenPoints seen;
  private final Authorities authorities;
  private final Caller caller;
  private final Once once;

  EnforcementPointsResource(
      EnforcementPoints points,
      SeenPoints seen,
      Authorities authorities,
      Caller caller,
      Once once) {
    this.points = points;
    this.seen = seen;
    this.authorities = authorities;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(
      value = AdmissionView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Requires(value = Right.OPERATE_ENFORCEMENT, everySite = true)
  @Operation(
      operationId = "addEnforcementPoint",
      summary = "Register an enforcement point and certify its key",
      description = "The same name and key again give the same certificate.")
  public AdmissionView add(@Nullable NewPoint body) {
    NewPoint wanted = Fields.body(body);
    String name = Fields.text("name", wanted.name());
    PointKind kind = PointKind.of(Fields.text("kind", wanted.kind()));
    PointSettings settings = SettingsView.settings(wanted.settings());
    String secret = wanted.secret();
    Der request = Pem.one("csr", "CERTIFICATE REQUEST", Fields.required("csr", wanted.csr()));
    Application application = new Application(name, kind, settings, secret, request);
    return once.apart(201, () -> admission(points.add(application, caller.actor())));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listEnforcementPoints", summary = "List enforcement points")
  public Items<PointView> list(@BeanParam Paging paging) {
    return paging.of("enforcement-points", seen::list, PointView::of);
  }

  @GET
  @Path("{name}")
  @Requires(Right.READ)
  @Operation(operationId = "getEnforcementPoint", summary = "One enforcement point")
  public PointView get(@PathParam("name") String name) {
    return PointView.of(seen.get(name));
  }

  @PUT
  @Path("{name}/settings")
  @Requires(value = Right.OPERATE_ENFORCEMENT, everySite = true)
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      operationId = "changeEnforcementPoint",
      summary = "Replace what a point guards and how it is reached")
  public PointView change(@PathParam("name") String name, @Nullable ChangedPoint body) {
    ChangedPoint wanted = Fields.body(body);
    return PointView.of(points.change(
        name,
        SettingsView.settings(Fields.required("settings", wanted.settings())),
        wanted.secret(),
        caller.actor()));
  }

  @DELETE
  @Path("{name}")
  @Requires(value = Right.OPERATE_ENFORCEMENT, everySite = true)
  @Operation(
      operationId = "removeEnforcementPoint",
      summary = "Withdraw an enforcement point and revoke its certificates",
      description =
          "A service client in Keycloak stays enabled: disable it by disableServiceClient, before or after.")
  public void remove(@PathParam("name") String name) {
    points.remove(name, caller.actor());
  }

  private AdmissionView admission(Admission admission) {
    EnforcementPoint point = admission.point();
    return new AdmissionView(
        point.id(),
        point.name(),
        point.kind().word(),
        SettingsView.of(point),
        point.createdAt(),
        admission.credential().certificate().pem("CERTIFICATE"),
        Pem.chain(authorities, admission.credential()));
  }

  /** A point to register. */
  @Schema(
      name = "NewEnforcementPoint",
      requiredProperties = {"name", "kind", "csr"})
  record NewPoint(
      @Nullable String name,

      @Schema(enumeration = {"authzen", "gateway", "radius", "nftables", "list", "signals"})
      @Nullable
      String kind,

      @Nullable SettingsView settings,

      @Schema(description = "Shared with what stands behind the point; never shown again.")
      @Nullable
      String secret,

      @Schema(description = "A certificate request in PEM (PKCS #10).") @Nullable
      String csr) {}

  /** Settings that replace those that are there. */
  @Schema(name = "ChangedEnforcementPoint", requiredProperties = "settings")
  record ChangedPoint(
      @Nullable SettingsView settings,

      @Schema(description = "Leave it out to keep the one that is there.") @Nullable
      String secret) {}

  /** A point with its certificate. */
  @Schema(name = "AdmittedEnforcementPoint")
  record AdmissionView(
      UUID id,
      String name,
      String kind,
      SettingsView settings,
      Instant createdAt,
      String certificate,

      @Schema(description = "From the issuing authority to the root, in PEM.")
      List<String> chain) {}
}

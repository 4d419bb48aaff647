package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Batches;
import io.sallyport.enrollment.Stations;
import io.sallyport.enrollment.Stations.Admission;
import io.sallyport.enrollment.Stations.Station;
import io.sallyport.kernel.Der;
import io.sallyport.pki.Authorities;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
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

/** Workplaces of manufacturing lines and their certificates. */
@Path(Api.V1 + "/stations")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "batches")
class StationsResource {
  private final Stations stations;
  private final Batches batches;
  private final Authorities authorities;
  private final Caller caller;
  private final Once once;

  StationsResource(
      Stations stations, Batches batches, Authorities authorities, Caller caller, Once once) {
    this.stations = stations;
    this.batches = batches;
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
  @Requires(Right.CONTROL_DEVICES)
  @Operation(
      operationId = "addStation",
      summary = "Register a station of a line and certify its key",
      description = "The same name and key again give the same certificate.")
  public AdmissionView add(@Nullable NewStation body) {
    NewStation wanted = Fields.body(body);
    String name = Fields.text("name", wanted.name());
    String site = Fields.text("site", wanted.site());
    String line = Fields.text("line", wanted.line());
    UUID batch = wanted.batch() == null ? null : Fields.uuid("batch", wanted.batch());
    Der request = Pem.one("csr", "CERTIFICATE REQUEST", Fields.required("csr", wanted.csr()));
    caller.requireSite(site);
    if (batch != null) {
      batches.get(batch, caller.sites());
    }
    return once.apart(
        201, () -> admission(stations.add(name, site, line, batch, request, caller.actor())));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listStations", summary = "List stations")
  public Items<StationView> list(@BeanParam Paging paging) {
    return paging.of(
        "stations",
        (cursor, limit) -> stations.list(caller.sites(), cursor, limit),
        StationView::of);
  }

  @DELETE
  @Path("{name}")
  @Requires(Right.CONTROL_DEVICES)
  @Operation(
      operationId = "removeStation",
      summary = "Withdraw a station and revoke its certificate")
  public void remove(@PathParam("name") String name) {
    stations.remove(name, caller.sites(), caller.actor());
  }

  private AdmissionView admission(Admission admission) {
    return new AdmissionView(
        StationView.of(admission.station()),
        admission.credential().certificate().pem("CERTIFICATE"),
        Pem.chain(authorities, admission.credential()));
  }

  /** A station to register. */
  @Schema(
      name = "NewStation",
      requiredProperties = {"name", "site", "line", "csr"})
  record NewStation(
      @Nullable String name,
      @Nullable String site,
      @Nullable String line,

      @Schema(description = "The only batch that it may work on; else all of its line.") @Nullable
      String batch,

      @Schema(description = "A certificate request in PEM (PKCS #10).") @Nullable
      String csr) {}

  /** A station, as people see it. */
  @Schema(name = "Station")
  record StationView(
      UUID id,
      String name,
      String site,
      String line,
      @Schema(nullable = true) @Nullable UUID batch,
      Instant createdAt) {
    static StationView of(Station station) {
      return new StationView(
          station.id(),
          station.name(),
          station.site(),
          station.line(),
          station.batch(),
          station.createdAt());
    }
  }

  /** A station with its certificate. */
  @Schema(name = "AdmittedStation")
  record AdmissionView(
      StationView station,
      String certificate,

      @Schema(description = "From the issuing authority to the root, in PEM.")
      List<String> chain) {
    AdmissionView {
      chain = List.copyOf(chain);
    }
  }
}

package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.Manufacturer;
import io.sallyport.devices.Manufacturers;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** Manufacturers and their trust anchors. */
@Path(Api.V1 + "/manufacturers")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "manufacturers")
class ManufacturersResource {
  private final Manufacturers manufacturers;
  private final Caller caller;
  private final Once once;

  ManufacturersResource(Manufacturers manufacturers, Caller caller, Once once) {
    this.manufacturers = manufacturers;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(
      value = ManufacturerView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "addManufacturer",
      summary = "Register a manufacturer with its trust anchors")
  public ManufacturerView add(@Nullable NewManufacturer body) {
    NewManufacturer wanted = Fields.body(body);
    String name = Fields.text("name", wanted.name());
    List<Der> anchors = new ArrayList<>();
    for (String anchor : Fields.required("anchors", wanted.anchors())) {
      anchors.addAll(Pem.all("anchors", "CERTIFICATE", Fields.required("anchors", anchor)));
    }
    return once.run(
        201, () -> ManufacturerView.of(manufacturers.add(name, anchors, caller.actor())));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listManufacturers", summary = "List manufacturers")
  public Items<ManufacturerView> list(@BeanParam Paging paging) {
    return paging.of("manufacturers", manufacturers::list, ManufacturerView::of);
  }

  @GET
  @Path("{name}")
  @Requires(Right.READ)
  @Operation(operationId = "getManufacturer", summary = "One manufacturer")
  public ManufacturerView get(@PathParam("name") String name) {
    return manufacturers
        .find(name)
        .map(ManufacturerView::of)
        .orElseThrow(() -> new Refusal(
            DeviceProblem.UNKNOWN_MANUFACTURER,
            "No manufacturer is registered as " + Fields.shown(name) + "."));
  }

  /** A manufacturer to register. */
  @Schema(
      name = "NewManufacturer",
      requiredProperties = {"name", "anchors"})
  record NewManufacturer(
      @Nullable String name,

      @Schema(description = "Trust anchor certificates in PEM.") @Nullable
      List<@Nullable String> anchors) {}

  /** A manufacturer, as people see it. */
  @Schema(name = "Manufacturer")
  record ManufacturerView(
      UUID id,
      String name,

      @Schema(description = "The anchors that count, in PEM.")
      List<String> anchors,

      @Schema(description = "All anchors with their terms, those that were distrusted too.")
      List<AnchorView> trustAnchors) {
    ManufacturerView {
      anchors = List.copyOf(anchors);
      trustAnchors = List.copyOf(trustAnchors);
    }

    static ManufacturerView of(Manufacturer manufacturer) {
      return new ManufacturerView(
          manufacturer.id(),
          manufacturer.name(),
          manufacturer.anchors().stream()
              .map(anchor -> anchor.pem("CERTIFICATE"))
              .toList(),
          manufacturer.trusted().stream().map(AnchorView::of).toList());
    }
  }
}

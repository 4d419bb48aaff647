package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.attestation.AttestationProblem;
import io.sallyport.attestation.TpmRoots;
import io.sallyport.attestation.TpmRoots.TpmRoot;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The roots that vouch for TPMs. */
@Path(Api.V1 + "/tpm-roots")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "tpm-roots")
class TpmRootsResource {
  private final TpmRoots roots;
  private final Caller caller;

  TpmRootsResource(TpmRoots roots, Caller caller) {
    this.roots = roots;
    this.caller = caller;
  }

  @PUT
  @Path("{name}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "applyTpmRoot",
      summary = "Trust a maker of TPMs by the anchors of its endorsement key certificates")
  public TpmRootView apply(@PathParam("name") String name, @Nullable NewTpmRoot body) {
    NewTpmRoot wanted = Fields.body(body);
    List<Der> anchors = new ArrayList<>();
    for (String anchor : Fields.required("anchors", wanted.anchors())) {
      anchors.addAll(Pem.all("anchors", "CERTIFICATE", Fields.required("anchors", anchor)));
    }
    return TpmRootView.of(roots.apply(name, anchors, caller.actor()));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listTpmRoots", summary = "List the roots that vouch for TPMs")
  public Items<TpmRootView> list(@BeanParam Paging paging) {
    return paging.of("tpm-roots", roots::list, TpmRootView::of);
  }

  @GET
  @Path("{name}")
  @Requires(Right.READ)
  @Operation(operationId = "getTpmRoot", summary = "One root that vouches for TPMs")
  public TpmRootView get(@PathParam("name") String name) {
    return roots
        .find(name)
        .map(TpmRootView::of)
        .orElseThrow(() -> new Refusal(
            AttestationProblem.UNKNOWN_TPM_ROOT,
            "No TPM root is named " + Fields.shown(name) + "."));
  }

  @DELETE
  @Path("{name}")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "removeTpmRoot",
      summary = "Trust a maker of TPMs no longer for new attestation keys")
  public void remove(@PathParam("name") String name) {
    roots.remove(name, caller.actor());
  }

  /** Anchors to trust. */
  @Schema(
      name = "NewTpmRoot",
      requiredProperties = {"anchors"})
  record NewTpmRoot(
      @Schema(description = "CA certificates in PEM.") @Nullable
      List<@Nullable String> anchors) {}

  /** A root that vouches for TPMs, as people see it. */
  @Schema(name = "TpmRoot")
  record TpmRootView(String name, List<String> anchors, Instant appliedAt) {
    TpmRootView {
      anchors = List.copyOf(anchors);
    }

    static TpmRootView of(TpmRoot root) {
      return new TpmRootView(
          root.name(),
          root.anchors().stream().map(anchor -> anchor.pem("CERTIFICATE")).toList(),
          root.appliedAt());
    }
  }
}

package io.sallyport.admin.api;

import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.ServedAlways;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.events.Changes;
import io.sallyport.keys.CryptoProvider;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** How the server is. */
@ServedAlways
@Path(Api.V1 + "/status")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "status")
class StatusResource {
  private final DecisionPoint decisions;
  private final Changes changes;
  private final String version;

  StatusResource(
      DecisionPoint decisions,
      Changes changes,
      @ConfigProperty(name = "quarkus.application.version", defaultValue = "unknown")
          String version) {
    this.decisions = decisions;
    this.changes = changes;
    this.version = version;
  }

  @GET
  @Requires(Right.READ)
  @Operation(
      operationId = "getStatus",
      summary = "Version, cryptographic provider and how current the nodes are")
  public Status get() {
    return new Status(
        version,
        CryptoProvider.inUse(),
        changes.position(),
        List.of(new Node("local", decisions.lag().toMillis())));
  }

  /** How the server is. */
  @Schema(name = "Status")
  record Status(
      String version,
      String cryptoProvider,
      @Schema(description = "How many facts are numbered.") long position,
      List<Node> nodes) {}

  /** A node that decides. */
  @Schema(name = "Node")
  record Node(
      String name,

      @Schema(description = "Milliseconds since it last confirmed that it is current.")
      long lagMs) {}
}

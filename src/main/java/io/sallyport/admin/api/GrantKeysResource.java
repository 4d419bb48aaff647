package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.grants.GrantKeys;
import io.sallyport.grants.GrantKeys.GrantKey;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The keys that grants are signed with. */
@Path(Api.V1 + "/keys/grants")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "certificates")
class GrantKeysResource {
  private final GrantKeys keys;
  private final Caller caller;
  private final Once once;

  GrantKeysResource(GrantKeys keys, Caller caller, Once once) {
    this.keys = keys;
    this.caller = caller;
    this.once = once;
  }

  @GET
  @Requires(Right.READ_KEYS)
  @Operation(operationId = "getGrantKeys", summary = "The keys that grants are checked with")
  public GrantKeysView get() {
    return GrantKeysView.of(keys.published());
  }

  @POST
  @Path("rotate")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "rotateGrantKey",
      summary = "Make a new key to sign grants with",
      description =
          "It is published now and signs after ten minutes; what others signed counts to its end. When the present key is"
              + " compromised, the new one signs at once and no grant that another key signed counts any longer.")
  public GrantKeysView rotate(@Nullable RotateGrantKey body) {
    RotateGrantKey wanted = Fields.body(body);
    boolean compromised = Boolean.TRUE.equals(wanted.compromised());
    return once.apart(200, () -> GrantKeysView.of(keys.rotate(compromised, caller.actor())));
  }

  /** How to rotate. */
  @Schema(name = "RotateGrantKey")
  record RotateGrantKey(
      @Schema(description = "Nothing that another key signed counts from now on.") @Nullable
      Boolean compromised) {}

  /** The keys. */
  @Schema(name = "GrantKeys")
  record GrantKeysView(
      @Schema(description = "The newest first.") List<GrantKeyView> keys) {
    static GrantKeysView of(List<GrantKey> keys) {
      return new GrantKeysView(keys.stream().map(GrantKeyView::of).toList());
    }
  }

  /** A key. */
  @Schema(name = "GrantKey")
  record GrantKeyView(
      UUID id,

      @Schema(description = "The kid of its tokens.") String keyId,

      @Schema(description = "Whether it signs now.") boolean signing,

      @Schema(description = "From when it signs; null for the first.", nullable = true) @Nullable
      Instant signsFrom,

      @Schema(
          description = "When its tokens end to count; null for not yet known.",
          nullable = true)
      @Nullable
      Instant countsUntil) {
    static GrantKeyView of(GrantKey key) {
      return new GrantKeyView(
          key.id(),
          key.keyId(),
          key.signing(),
          key.signsFrom().equals(Instant.EPOCH) ? null : key.signsFrom(),
          key.countsUntil());
    }
  }
}

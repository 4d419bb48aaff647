package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.DecryptionKeys;
import io.sallyport.enrollment.DecryptionKeys.DecryptionKey;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Secrets that a device has from before, for keys that the server makes (RFC 7030 section 4.4.1.1). */
@Path(Api.V1 + "/devices/{id}/decryption-keys")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "devices")
class DecryptionKeysResource {
  private final DecryptionKeys secrets;
  private final Devices devices;
  private final Caller caller;

  DecryptionKeysResource(DecryptionKeys secrets, Devices devices, Caller caller) {
    this.secrets = secrets;
    this.devices = devices;
    this.caller = caller;
  }

  @GET
  @Requires(Right.READ)
  @Operation(
      operationId = "listDecryptionKeys",
      summary = "List the secrets that a device shares with this server, without the secrets")
  public Items<KeyView> list(@PathParam("id") UUID id) {
    devices.get(id, caller.sites());
    return new Items<>(secrets.list(id).stream().map(KeyView::of).toList(), null);
  }

  @PUT
  @Path("{identifier}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.REGISTER_DEVICES)
  @Operation(
      operationId = "putDecryptionKey",
      summary = "Share a secret with a device, by which generated keys are encrypted for it",
      description =
          "The identifier is the DecryptKeyIdentifier of its requests, in hexadecimal digits. The secret is never told.")
  public KeyView put(
      @PathParam("id") UUID id,
      @PathParam("identifier") String identifier,
      @Nullable NewSecret body) {
    String secret = Fields.text("secret", Fields.body(body).secret());
    devices.get(id, caller.sites());
    try {
      return KeyView.of(
          secrets.put(id, octets(identifier), Base64.getDecoder().decode(secret), caller.actor()));
    } catch (IllegalArgumentException e) {
      throw Fields.malformed("secret", "is not base64");
    }
  }

  @DELETE
  @Path("{identifier}")
  @Requires(Right.REGISTER_DEVICES)
  @Operation(operationId = "removeDecryptionKey", summary = "Forget a shared secret")
  public void remove(@PathParam("id") UUID id, @PathParam("identifier") String identifier) {
    devices.get(id, caller.sites());
    secrets.remove(id, octets(identifier), caller.actor());
  }

  private static byte[] octets(String identifier) {
    try {
      return HexFormat.of().parseHex(identifier);
    } catch (IllegalArgumentException e) {
      throw Fields.malformed("identifier", "is not in hexadecimal digits");
    }
  }

  /** A secret. */
  @Schema(name = "NewDecryptionKey", requiredProperties = "secret")
  record NewSecret(
      @Schema(description = "16, 24 or 32 octets in base64.") @Nullable
      String secret) {
    /** Without the secret. */
    @Override
    public String toString() {
      return "NewSecret";
    }
  }

  /** That there is a secret. */
  @Schema(name = "DecryptionKey")
  record KeyView(
      @Schema(description = "In hexadecimal digits.") String identifier,
      Instant addedAt,
      String addedBy) {
    static KeyView of(DecryptionKey key) {
      return new KeyView(key.identifier(), key.addedAt(), key.addedBy());
    }
  }
}

package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.MasterKeyRotation;
import io.sallyport.admin.Rights.Right;
import io.sallyport.keys.KeyInventory;
import io.sallyport.keys.KeyInventory.KeyEntry;
import io.sallyport.keys.MasterKeys;
import io.sallyport.keys.MasterKeys.MasterKeyState;
import io.sallyport.keys.MasterKeys.Standing;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The keys that this server holds. */
@Path(Api.V1 + "/keys")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "certificates")
class KeysResource {
  private final KeyInventory inventory;
  private final MasterKeys masterKeys;
  private final MasterKeyRotation rotation;
  private final Caller caller;
  private final Once once;

  KeysResource(
      KeyInventory inventory,
      MasterKeys masterKeys,
      MasterKeyRotation rotation,
      Caller caller,
      Once once) {
    this.inventory = inventory;
    this.masterKeys = masterKeys;
    this.rotation = rotation;
    this.caller = caller;
    this.once = once;
  }

  @GET
  @Requires(Right.READ_KEYS)
  @Operation(
      operationId = "listKeys",
      summary = "List the server's keys, newest first, without their private parts")
  public Items<KeyView> list(@BeanParam Paging paging) {
    return paging.of("keys", inventory::list, KeyView::of);
  }

  @GET
  @Path("master")
  @Requires(Right.READ_KEYS)
  @Operation(
      operationId = "getMasterKeys",
      summary = "Which master keys seal what is stored, and which is no longer needed")
  public MasterKeysView master() {
    return MasterKeysView.of(masterKeys.standing());
  }

  @POST
  @Path("master/rotate")
  @Requires(Right.ADMINISTER_AUTHORITIES)
  @Operation(
      operationId = "rotateMasterKey",
      summary = "Read the master keys again and seal everything under the first",
      description = "Answers at once; the sealing goes on in the background. Repeatable.")
  public MasterKeysView rotate() {
    rotation.asked(caller.actor());
    return once.apart(200, () -> MasterKeysView.of(rotation.begin()));
  }

  /** A key, as people see it. */
  @Schema(name = "Key")
  record KeyView(
      UUID id,

      @Schema(description = "Such as ec-p256, rsa-4096 or ml-dsa-65.")
      String algorithm,

      String purpose,

      @Schema(enumeration = {"software", "token"}) String kept,

      @Schema(description = "The label of the PKCS#11 token that it is kept in.", nullable = true)
      @Nullable
      String token,

      @Schema(description = "Its CKA_ID in the token, in hex.", nullable = true) @Nullable
      String tokenKeyId,

      @Schema(
          description =
              "The id of the master key that it is sealed under; null for one in a token, or of the former format.",
          nullable = true)
      @Nullable
      String masterKey,

      @Schema(description = "What signs with it, with its version.")
      String provider,

      Instant createdAt) {
    static KeyView of(KeyEntry entry) {
      return new KeyView(
          entry.id(),
          entry.algorithm().name().toLowerCase(Locale.ROOT).replace('_', '-'),
          entry.purpose(),
          entry.token() == null ? "software" : "token",
          entry.token(),
          entry.tokenKeyId(),
          entry.masterKey(),
          entry.provider(),
          entry.createdAt());
    }
  }

  /** How the master keys stand. */
  @Schema(name = "MasterKeys")
  record MasterKeysView(
      @Schema(description = "The current one first.") List<MasterKeyView> keys,

      @Schema(description = "How many stored values are of the format that names no master key.")
      long formerFormat) {
    MasterKeysView {
      keys = List.copyOf(keys);
    }

    static MasterKeysView of(Standing standing) {
      return new MasterKeysView(
          standing.keys().stream().map(MasterKeyView::of).toList(), standing.formerFormat());
    }
  }

  /** A master key, by its id. */
  @Schema(name = "MasterKey")
  record MasterKeyView(
      String id,

      boolean current,

      @Schema(description = "Whether this node has it.") boolean held,

      Instant currentSince,

      @Schema(description = "How many stored values are sealed under it.")
      long values,

      @Schema(
          description =
              "When what was handed out sealed under it is worthless: after that it is no longer needed. Null while it is.",
          nullable = true)
      @Nullable
      Instant neededUntil) {
    static MasterKeyView of(MasterKeyState state) {
      return new MasterKeyView(
          state.id(),
          state.current(),
          state.held(),
          state.currentSince(),
          state.values(),
          state.neededUntil());
    }
  }
}

package io.sallyport.admin.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.EnrollmentTokens;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.enrollment.EnrollmentTokens.Minted;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
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

/** One-time tokens for enrollment. */
@Path(Api.V1 + "/enrollment-tokens")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "enrollment tokens")
class EnrollmentTokensResource {
  private static final Duration USUAL_LIFETIME = Duration.ofHours(24);

  private final EnrollmentTokens tokens;
  private final Devices devices;
  private final Caller caller;
  private final Once once;

  EnrollmentTokensResource(EnrollmentTokens tokens, Devices devices, Caller caller, Once once) {
    this.devices = devices;
    this.tokens = tokens;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(value = TokenView.class, responseCode = "201", responseDescription = "Created")
  @Requires(Right.REGISTER_DEVICES)
  @Operation(
      operationId = "createEnrollmentToken",
      summary = "Make a token that lets a device enroll once")
  public TokenView create(@Nullable NewToken body) {
    NewToken wanted = Fields.body(body);
    UUID device = Fields.uuid("device", wanted.device());
    Duration lifetime = Fields.duration("lifetime", wanted.lifetime(), USUAL_LIFETIME);
    devices.get(device, caller.sites());
    return once.run(201, () -> {
      Minted minted = tokens.create(device, lifetime, caller.actor());
      return TokenView.of(minted.token(), minted.secret());
    });
  }

  @GET
  @Requires(Right.READ)
  @Operation(
      operationId = "listEnrollmentTokens",
      summary = "List enrollment tokens, without their secrets")
  public Items<TokenView> list(@BeanParam Paging paging) {
    return paging.of(
        "enrollment-tokens",
        (cursor, limit) -> tokens.list(caller.sites(), cursor, limit),
        token -> TokenView.of(token, null));
  }

  /** A token to make. */
  @Schema(name = "NewEnrollmentToken", requiredProperties = "device")
  record NewToken(
      @Schema(format = "uuid") @Nullable String device,

      @Schema(description = "An ISO 8601 duration, at most 90 days.", defaultValue = "PT24H")
      @Nullable
      String lifetime) {}

  /** A token, as people see it. */
  @Schema(name = "EnrollmentToken")
  record TokenView(
      UUID id,
      UUID device,
      Instant createdAt,
      Instant expiresAt,
      @Schema(nullable = true) @Nullable Instant usedAt,

      @Schema(description = "The secret, told once: when the token is made.")
      @JsonInclude(JsonInclude.Include.NON_NULL)
      @Nullable
      String token) {
    static TokenView of(EnrollmentToken token, @Nullable String secret) {
      return new TokenView(
          token.id(), token.device(), token.createdAt(), token.expiresAt(), token.usedAt(), secret);
    }

    /** Without the secret. */
    @Override
    public String toString() {
      return "TokenView[" + id + "]";
    }
  }
}

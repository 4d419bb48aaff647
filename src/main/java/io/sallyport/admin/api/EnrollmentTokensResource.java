package io.sallyport.admin.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Devices;
import io.sallyport.devices.SerialPattern;
import io.sallyport.enrollment.EnrollmentTokens;
import io.sallyport.enrollment.EnrollmentTokens.Coverage;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.enrollment.EnrollmentTokens.Minted;
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
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** Tokens for enrollment, each for so many certificates. */
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
      summary = "Make a token that lets devices enroll, once or so many times")
  public TokenView create(@Nullable NewToken body) {
    NewToken wanted = Fields.body(body);
    Coverage coverage = coverage(wanted);
    int uses = Objects.requireNonNullElse(wanted.uses(), 1);
    Duration lifetime = Fields.duration("lifetime", wanted.lifetime(), USUAL_LIFETIME);
    return once.run(201, () -> {
      Minted minted = tokens.create(coverage, uses, lifetime, caller.actor());
      return TokenView.of(minted.token(), minted.secret());
    });
  }

  /** Whoever acts for some sites makes no token for others. */
  private Coverage coverage(NewToken wanted) {
    String device = wanted.device();
    String site = optional("site", wanted.site());
    if (device != null) {
      devices.get(Fields.uuid("device", device), caller.sites());
    } else if (site != null) {
      caller.requireSite(site);
    } else {
      caller.requireEverySite();
    }
    String pattern = optional("serial_numbers", wanted.serialNumbers());
    return new Coverage(
        device == null ? null : Fields.uuid("device", device),
        optional("manufacturer", wanted.manufacturer()),
        site,
        pattern == null ? null : new SerialPattern(pattern),
        optional("network", wanted.network()),
        optional("certificate_profile", wanted.certificateProfile()));
  }

  private static @Nullable String optional(String name, @Nullable String value) {
    return value == null ? null : Fields.text(name, value);
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

  @DELETE
  @Path("{id}")
  @Requires(Right.REGISTER_DEVICES)
  @Operation(operationId = "withdrawEnrollmentToken", summary = "Let a token admit nobody any more")
  public void withdraw(@PathParam("id") UUID id) {
    tokens.withdraw(id, caller.sites(), caller.actor());
  }

  /** A token to make. */
  @Schema(name = "NewEnrollmentToken")
  record NewToken(
      @Schema(format = "uuid", description = "The one device; without it say which manufacturer's.")
      @Nullable
      String device,

      @Schema(description = "Whose registered devices, named by the request's serialNumber.")
      @Nullable
      String manufacturer,

      @Schema(description = "Where the devices must be registered.") @Nullable
      String site,

      @Schema(description = "Which of them: # is a digit, * any run of characters.") @Nullable
      String serialNumbers,

      @Schema(description = "From where, for instance 10.0.0.0/8.") @Nullable
      String network,

      @Schema(description = "The only certificate profile that the token is for.") @Nullable
      String certificateProfile,

      @Schema(
          description = "For how many certificates.",
          defaultValue = "1",
          minimum = "1",
          maximum = "1000000")
      @Nullable
      Integer uses,

      @Schema(description = "An ISO 8601 duration, at most 90 days.", defaultValue = "PT24H")
      @Nullable
      String lifetime) {}

  /** A token, as people see it. */
  @Schema(name = "EnrollmentToken")
  record TokenView(
      UUID id,
      @Schema(nullable = true) @Nullable UUID device,
      @Schema(nullable = true) @Nullable String manufacturer,
      @Schema(nullable = true) @Nullable String site,
      @Schema(nullable = true) @Nullable String serialNumbers,
      @Schema(nullable = true) @Nullable String network,
      @Schema(nullable = true) @Nullable String certificateProfile,
      int uses,
      int used,
      Instant createdAt,
      Instant expiresAt,
      @Schema(nullable = true) @Nullable Instant usedAt,

      @Schema(description = "The secret, told once: when the token is made.")
      @JsonInclude(JsonInclude.Include.NON_NULL)
      @Nullable
      String token) {
    static TokenView of(EnrollmentToken token, @Nullable String secret) {
      Coverage coverage = token.coverage();
      SerialPattern pattern = coverage.serialNumbers();
      return new TokenView(
          token.id(),
          coverage.device(),
          coverage.manufacturer(),
          coverage.site(),
          pattern == null ? null : pattern.text(),
          coverage.network(),
          coverage.certificateProfile(),
          token.uses(),
          token.used(),
          token.createdAt(),
          token.expiresAt(),
          token.usedAt(),
          secret);
    }

    /** Without the secret. */
    @Override
    public String toString() {
      return "TokenView[" + id + "]";
    }
  }
}

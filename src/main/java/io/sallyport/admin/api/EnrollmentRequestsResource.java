package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.enrollment.Approvals;
import io.sallyport.enrollment.Approvals.EnrollmentRequest;
import io.sallyport.enrollment.Approvals.State;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** First requests that wait for a person's approval. */
@Path(Api.V1 + "/enrollment-requests")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "enrollment requests")
class EnrollmentRequestsResource {
  private final Approvals approvals;
  private final Caller caller;
  private final Once once;

  EnrollmentRequestsResource(Approvals approvals, Caller caller, Once once) {
    this.approvals = approvals;
    this.caller = caller;
    this.once = once;
  }

  @GET
  @Requires(Right.READ)
  @Operation(
      operationId = "listEnrollmentRequests",
      summary = "List first requests whose certificate profile wants approval")
  public Items<RequestView> list(
      @QueryParam("state")
          @Parameter(
              schema =
                  @Schema(
                      type = SchemaType.STRING,
                      enumeration = {"pending", "approved", "rejected"}))
          @Nullable
          String state,
      @BeanParam Paging paging) {
    State wanted = state(state);
    return paging.of(
        "enrollment-requests",
        (cursor, limit) -> approvals.list(caller.sites(), wanted, cursor, limit),
        RequestView::of);
  }

  @POST
  @Path("{id}/approve")
  @Requires(Right.APPROVE_ENROLLMENTS)
  @Operation(
      operationId = "approveEnrollmentRequest",
      summary = "Let the request's next repetition get a certificate")
  public RequestView approve(@PathParam("id") UUID id) {
    return once.run(
        200, () -> RequestView.of(approvals.approve(id, caller.sites(), caller.actor())));
  }

  @POST
  @Path("{id}/reject")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.APPROVE_ENROLLMENTS)
  @Operation(operationId = "rejectEnrollmentRequest", summary = "Refuse the request")
  public RequestView reject(@PathParam("id") UUID id, @Nullable Rejection body) {
    String reason = Fields.text("reason", Fields.body(body).reason());
    return once.run(
        200, () -> RequestView.of(approvals.reject(id, caller.sites(), reason, caller.actor())));
  }

  /** Of a request or of a unit that waits. */
  static @Nullable State state(@Nullable String word) {
    if (word == null) {
      return null;
    }
    return Arrays.stream(State.values())
        .filter(state -> state.word().equals(word))
        .findFirst()
        .orElseThrow(() -> Fields.malformed("state", "is none of pending, approved, rejected"));
  }

  /** Why a request is rejected. */
  @Schema(name = "EnrollmentRequestRejection", requiredProperties = "reason")
  record Rejection(
      @Schema(description = "Told to the device, and kept in the log.") @Nullable
      String reason) {}

  /** A request, as people see it. */
  @Schema(name = "EnrollmentRequest")
  record RequestView(
      UUID id,
      UUID device,
      String profile,

      @Schema(description = "SHA-256 over the SubjectPublicKeyInfo, in hex.")
      String key,

      @Schema(enumeration = {"pending", "approved", "rejected"})
      String state,

      Instant askedAt,
      Instant expiresAt,
      @Schema(nullable = true) @Nullable Instant decidedAt,
      @Schema(nullable = true) @Nullable String decidedBy,
      @Schema(nullable = true) @Nullable String reason) {
    static RequestView of(EnrollmentRequest request) {
      return new RequestView(
          request.id(),
          request.device(),
          request.profile(),
          request.key().hex(),
          request.state().word(),
          request.askedAt(),
          request.expiresAt(),
          request.decidedAt(),
          request.decidedBy(),
          request.reason());
    }
  }
}

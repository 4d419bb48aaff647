package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.enrollment.Approvals.State;
import io.sallyport.enrollment.FirstContacts;
import io.sallyport.enrollment.FirstContacts.HeldUnit;
import io.sallyport.enrollment.FirstContacts.Terms;
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
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Units that showed a manufacturer's IDevID before anybody registered them, and wait. */
@Path(Api.V1 + "/first-contacts")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "first contacts")
class FirstContactsResource {
  private final FirstContacts contacts;
  private final Caller caller;
  private final Once once;

  FirstContactsResource(FirstContacts contacts, Caller caller, Once once) {
    this.contacts = contacts;
    this.caller = caller;
    this.once = once;
  }

  @GET
  @Requires(Right.READ)
  @Operation(
      operationId = "listFirstContacts",
      summary = "List units that wait, or waited, for somebody to register them")
  public Items<ContactView> list(
      @QueryParam("state")
          @Parameter(
              schema =
                  @Schema(
                      type = SchemaType.STRING,
                      enumeration = {"pending", "approved", "rejected"}))
          @Nullable
          String state,
      @BeanParam Paging paging) {
    State wanted = EnrollmentRequestsResource.state(state);
    return paging.of(
        "first-contacts",
        (cursor, limit) -> contacts.list(caller.sites(), wanted, cursor, limit),
        ContactView::of);
  }

  @POST
  @Path("{id}/approve")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.APPROVE_ENROLLMENTS)
  @Operation(
      operationId = "approveFirstContact",
      summary = "Register a unit that waits; what is left out is as its manufacturer's policy says")
  public ContactView approve(@PathParam("id") UUID id, @Nullable Approval body) {
    Approval wanted = Fields.body(body);
    Terms terms = new Terms(
        optional("model", wanted.model()),
        optional("profile", wanted.profile()),
        optional("owner", wanted.owner()),
        optional("site", wanted.site()));
    return once.run(
        200, () -> ContactView.of(contacts.approve(id, caller.sites(), terms, caller.actor())));
  }

  @POST
  @Path("{id}/reject")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.APPROVE_ENROLLMENTS)
  @Operation(operationId = "rejectFirstContact", summary = "Refuse a unit for 30 days")
  public ContactView reject(@PathParam("id") UUID id, @Nullable ContactRejection body) {
    String reason = Fields.text("reason", Fields.body(body).reason());
    return once.run(
        200, () -> ContactView.of(contacts.reject(id, caller.sites(), reason, caller.actor())));
  }

  static @Nullable String optional(String name, @Nullable String value) {
    return value == null ? null : Fields.text(name, value);
  }

  /** As what a unit is registered. */
  @Schema(name = "FirstContactApproval")
  record Approval(
      @Nullable String model,
      @Nullable String profile,
      @Nullable String owner,
      @Nullable String site) {}

  /** Why a unit is rejected. */
  @Schema(name = "FirstContactRejection", requiredProperties = "reason")
  record ContactRejection(
      @Schema(description = "Told to the device, and kept in the log.") @Nullable
      String reason) {}

  /** A unit, as people see it. */
  @Schema(name = "FirstContact")
  record ContactView(
      UUID id,
      String manufacturer,
      String serialNumber,

      @Schema(description = "SHA-256 of the IDevID certificate that it showed first.")
      String idevid,

      String remote,
      @Schema(nullable = true) @Nullable String site,

      @Schema(enumeration = {"pending", "approved", "rejected"})
      String state,

      Instant askedAt,
      Instant expiresAt,
      @Schema(nullable = true) @Nullable Instant decidedAt,
      @Schema(nullable = true) @Nullable String decidedBy,
      @Schema(nullable = true) @Nullable String reason,
      @Schema(nullable = true) @Nullable UUID device) {
    static ContactView of(HeldUnit unit) {
      return new ContactView(
          unit.id(),
          unit.manufacturer(),
          unit.serialNumber(),
          unit.idevid().hex(),
          unit.remote(),
          unit.site(),
          unit.state().word(),
          unit.askedAt(),
          unit.expiresAt(),
          unit.decidedAt(),
          unit.decidedBy(),
          unit.reason(),
          unit.device());
    }
  }
}

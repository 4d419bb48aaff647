package io.sallyport.admin.console;

import io.quarkus.qute.CheckedTemplate;
import io.quarkus.qute.TemplateInstance;
import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.Approvals;
import io.sallyport.enrollment.Approvals.EnrollmentRequest;
import io.sallyport.enrollment.Approvals.State;
import io.sallyport.enrollment.FirstContacts;
import io.sallyport.enrollment.FirstContacts.HeldUnit;
import io.sallyport.enrollment.FirstContacts.Terms;
import io.sallyport.kernel.Page;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What waits for a person before it gets a certificate: requests, and units that nobody registered. */
@Path("/console/approvals")
@Produces(MediaType.TEXT_HTML)
@RunOnVirtualThread
class ApprovalPages {
  private static final int ROWS = 25;

  private final Approvals approvals;
  private final FirstContacts contacts;
  private final Devices devices;
  private final Caller caller;

  ApprovalPages(Approvals approvals, FirstContacts contacts, Devices devices, Caller caller) {
    this.approvals = approvals;
    this.contacts = contacts;
    this.devices = devices;
    this.caller = caller;
  }

  @CheckedTemplate(basePath = "console")
  static final class Templates {
    private Templates() {}

    static native TemplateInstance approvals(View view);
  }

  /**
   * The page.
   *
   * @param state what it is narrowed to, or empty for all
   * @param moreRequests the address of the next page of the one list, or null
   * @param moreUnits of the other
   */
  record View(
      String state,
      List<String> states,
      List<RequestRow> requests,
      @Nullable String moreRequests,
      List<UnitRow> units,
      @Nullable String moreUnits,
      boolean first,
      String done) {}

  /** A request with the device that made it. */
  record RequestRow(EnrollmentRequest request, Device device, Tag state, boolean waits) {}

  /** A unit. */
  record UnitRow(HeldUnit unit, Tag state, boolean waits) {}

  @GET
  @Requires(Right.READ)
  public TemplateInstance list(
      @QueryParam("state") @Nullable String state,
      @QueryParam("requests") @Nullable String requests,
      @QueryParam("units") @Nullable String units,
      @QueryParam("done") @Nullable String done) {
    String word = state == null ? State.PENDING.word() : state;
    State wanted = word.isEmpty() ? null : state(word);
    Page<EnrollmentRequest> asked = approvals.list(caller.sites(), wanted, requests, ROWS);
    Page<HeldUnit> held = contacts.list(caller.sites(), wanted, units, ROWS);
    return Templates.approvals(new View(
        word,
        Arrays.stream(State.values()).map(State::word).toList(),
        asked.items().stream().map(this::row).toList(),
        asked.next() == null ? null : address(word, asked.next(), units),
        held.items().stream().map(ApprovalPages::row).toList(),
        held.next() == null ? null : address(word, requests, held.next()),
        requests == null && units == null,
        told(done)));
  }

  @POST
  @Path("requests/{id}/approve")
  @Requires(Right.APPROVE_ENROLLMENTS)
  public Response approveRequest(@PathParam("id") UUID id) {
    approvals.approve(id, caller.sites(), caller.actor());
    return back("approved");
  }

  @POST
  @Path("requests/{id}/reject")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.APPROVE_ENROLLMENTS)
  public Response rejectRequest(
      @PathParam("id") UUID id, @FormParam("reason") @Nullable String reason) {
    approvals.reject(id, caller.sites(), Inputs.line("Reason", reason), caller.actor());
    return back("rejected");
  }

  /** What is left empty is as the manufacturer's policy proposes. */
  @POST
  @Path("units/{id}/approve")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.APPROVE_ENROLLMENTS)
  public Response approveUnit(
      @PathParam("id") UUID id,
      @FormParam("model") @Nullable String model,
      @FormParam("profile") @Nullable String profile,
      @FormParam("owner") @Nullable String owner,
      @FormParam("site") @Nullable String site) {
    Terms terms = new Terms(
        Inputs.find("Model", model).orElse(null),
        Inputs.find("Profile", profile).orElse(null),
        Inputs.find("Owner", owner).orElse(null),
        Inputs.find("Site", site).orElse(null));
    contacts.approve(id, caller.sites(), terms, caller.actor());
    return back("registered");
  }

  @POST
  @Path("units/{id}/reject")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.APPROVE_ENROLLMENTS)
  public Response rejectUnit(
      @PathParam("id") UUID id, @FormParam("reason") @Nullable String reason) {
    contacts.reject(id, caller.sites(), Inputs.line("Reason", reason), caller.actor());
    return back("rejected");
  }

  private RequestRow row(EnrollmentRequest request) {
    return new RequestRow(
        request,
        devices.get(request.device(), caller.sites()),
        tag(request.state()),
        request.state() == State.PENDING);
  }

  private static UnitRow row(HeldUnit unit) {
    return new UnitRow(unit, tag(unit.state()), unit.state() == State.PENDING);
  }

  private static Tag tag(State state) {
    return switch (state) {
      case PENDING -> new Tag("waits", "warn");
      case APPROVED -> new Tag("approved", "good");
      case REJECTED -> new Tag("rejected", "bad");
    };
  }

  private static State state(String word) {
    return Arrays.stream(State.values())
        .filter(state -> state.word().equals(word))
        .findFirst()
        .orElseThrow(() -> Inputs.malformed("There is no such state of a request."));
  }

  private static String address(String state, @Nullable String requests, @Nullable String units) {
    return Inputs.address(
        "/console/approvals", "state", state, "requests", requests, "units", units);
  }

  private static String told(@Nullable String done) {
    return switch (done == null ? "" : done) {
      case "approved" -> "Approved: the same request gets its certificate";
      case "registered" -> "Registered: the unit's next attempt enrolls it";
      case "rejected" -> "Rejected";
      default -> "";
    };
  }

  private static Response back(String done) {
    return Response.seeOther(URI.create("/console/approvals?done=" + done)).build();
  }
}

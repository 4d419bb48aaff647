package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.SerialPattern;
import io.sallyport.enrollment.FirstContacts;
import io.sallyport.enrollment.FirstContacts.Act;
import io.sallyport.enrollment.FirstContacts.ContactPolicy;
import io.sallyport.enrollment.FirstContacts.Terms;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What becomes of one manufacturer's unregistered units, and which of them are expected. */
@Path(Api.V1 + "/manufacturers/{name}")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "first contacts")
class ContactPolicyResource {
  private final FirstContacts contacts;
  private final Caller caller;
  private final Once once;

  ContactPolicyResource(FirstContacts contacts, Caller caller, Once once) {
    this.contacts = contacts;
    this.caller = caller;
    this.once = once;
  }

  @GET
  @Path("first-contact-policy")
  @Requires(Right.READ)
  @Operation(
      operationId = "getFirstContactPolicy",
      summary = "What becomes of a manufacturer's unregistered units")
  public PolicyBody policy(@PathParam("name") String name) {
    return PolicyBody.of(contacts.policy(name));
  }

  @PUT
  @Path("first-contact-policy")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "setFirstContactPolicy",
      summary = "Say what becomes of a manufacturer's unregistered units")
  public PolicyBody setPolicy(@PathParam("name") String name, @Nullable PolicyBody body) {
    PolicyBody wanted = Fields.body(body);
    ContactPolicy policy = new ContactPolicy(
        act("listed", wanted.listed()),
        act("unlisted", wanted.unlisted()),
        new Terms(
            FirstContactsResource.optional("model", wanted.model()),
            FirstContactsResource.optional("profile", wanted.profile()),
            FirstContactsResource.optional("owner", wanted.owner()),
            FirstContactsResource.optional("site", wanted.site())));
    return PolicyBody.of(contacts.setPolicy(name, policy, caller.actor()));
  }

  @GET
  @Path("allowed-units")
  @Requires(Right.READ)
  @Operation(
      operationId = "listAllowedUnits",
      summary = "List the serial numbers and patterns that are expected of a manufacturer")
  public Items<String> allowed(@PathParam("name") String name, @BeanParam Paging paging) {
    return paging.of(
        "allowed-units", (cursor, limit) -> contacts.allowed(name, cursor, limit), unit -> unit);
  }

  @POST
  @Path("allowed-units")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.REGISTER_DEVICES, everySite = true)
  @Operation(
      operationId = "allowUnits",
      summary = "Expect these serial numbers or patterns of a manufacturer, 10,000 at most at once")
  public Added allow(@PathParam("name") String name, @Nullable Units body) {
    List<SerialPattern> units = new ArrayList<>();
    for (String unit : Fields.required("serial_numbers", Fields.body(body).serialNumbers())) {
      units.add(new SerialPattern(Fields.text("serial_numbers", unit)));
    }
    return once.run(200, () -> new Added(contacts.allow(name, units, caller.actor())));
  }

  @DELETE
  @Path("allowed-units")
  @Requires(value = Right.REGISTER_DEVICES, everySite = true)
  @Operation(
      operationId = "disallowUnit",
      summary = "Take one serial number or pattern off a manufacturer's list")
  public void disallow(
      @PathParam("name") String name, @QueryParam("serial_number") @Nullable String unit) {
    contacts.disallow(name, new SerialPattern(Fields.text("serial_number", unit)), caller.actor());
  }

  private static Act act(String field, @Nullable String word) {
    String wanted = Fields.required(field, word);
    return Arrays.stream(Act.values())
        .filter(act -> act.word().equals(wanted))
        .findFirst()
        .orElseThrow(() -> Fields.malformed(field, "is none of reject, hold, admit"));
  }

  /** What becomes of unregistered units. */
  @Schema(
      name = "FirstContactPolicy",
      requiredProperties = {"listed", "unlisted"})
  record PolicyBody(
      @Schema(
          description = "Of units on the list.",
          enumeration = {"reject", "hold", "admit"})
      @Nullable
      String listed,

      @Schema(
          description = "Of all others.",
          enumeration = {"reject", "hold", "admit"})
      @Nullable
      String unlisted,

      @Schema(description = "The model that units are registered as.", nullable = true) @Nullable
      String model,

      @Schema(description = "The device profile that units get.", nullable = true) @Nullable
      String profile,

      @Schema(nullable = true) @Nullable String owner,
      @Schema(nullable = true) @Nullable String site) {
    static PolicyBody of(ContactPolicy policy) {
      Terms terms = policy.terms();
      return new PolicyBody(
          policy.listed().word(),
          policy.unlisted().word(),
          terms.model(),
          terms.profile(),
          terms.owner(),
          terms.site());
    }
  }

  /** Units to expect. */
  @Schema(name = "AllowedUnits", requiredProperties = "serial_numbers")
  record Units(
      @Schema(description = "Serial numbers, or patterns: # is a digit, * any run of characters.")
      @Nullable
      List<@Nullable String> serialNumbers) {}

  /** How many entries are new. */
  @Schema(name = "AllowedUnitsAdded")
  record Added(int added) {}
}

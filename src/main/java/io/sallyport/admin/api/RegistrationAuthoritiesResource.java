package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.enrollment.RegistrationAuthorities;
import io.sallyport.enrollment.RegistrationAuthorities.Admission;
import io.sallyport.enrollment.RegistrationAuthorities.Application;
import io.sallyport.enrollment.RegistrationAuthorities.RegistrationAuthority;
import io.sallyport.kernel.Der;
import io.sallyport.pki.Authorities;
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
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** Registration authorities, which ask for certificates in the names of devices. */
@Path(Api.V1 + "/registration-authorities")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "registration authorities")
class RegistrationAuthoritiesResource {
  private static final int MOST_PROFILES = 32;

  private final RegistrationAuthorities registered;
  private final Authorities authorities;
  private final Caller caller;
  private final Once once;

  RegistrationAuthoritiesResource(
      RegistrationAuthorities registered, Authorities authorities, Caller caller, Once once) {
    this.registered = registered;
    this.authorities = authorities;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(
      value = AdmissionView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "addRegistrationAuthority",
      summary = "Register a registration authority and certify its key",
      description = "The same name and key again give the same certificate.")
  public AdmissionView add(@Nullable NewAuthority body) {
    NewAuthority wanted = Fields.body(body);
    Set<String> profiles = new HashSet<>();
    for (String profile : wanted.certificateProfiles() == null
        ? List.<@Nullable String>of()
        : wanted.certificateProfiles()) {
      profiles.add(Fields.text("certificate_profiles", profile));
    }
    if (profiles.size() > MOST_PROFILES) {
      throw Fields.malformed(
          "certificate_profiles", "may have " + MOST_PROFILES + " entries at most");
    }
    Der request = Pem.one("csr", "CERTIFICATE REQUEST", Fields.required("csr", wanted.csr()));
    Application application = new Application(
        Fields.text("name", wanted.name()),
        Fields.text("manufacturer", wanted.manufacturer()),
        profiles,
        request);
    return once.apart(201, () -> admission(registered.add(application, caller.actor())));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listRegistrationAuthorities", summary = "List registration authorities")
  public Items<AuthorityView> list(@BeanParam Paging paging) {
    return paging.of("registration-authorities", registered::list, AuthorityView::of);
  }

  @DELETE
  @Path("{name}")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "removeRegistrationAuthority",
      summary = "Withdraw a registration authority and revoke its certificates")
  public void remove(@PathParam("name") String name) {
    registered.remove(name, caller.actor());
  }

  private AdmissionView admission(Admission admission) {
    return new AdmissionView(
        AuthorityView.of(admission.authority()),
        admission.credential().certificate().pem("CERTIFICATE"),
        Pem.chain(authorities, admission.credential()));
  }

  /** One to register. */
  @Schema(
      name = "NewRegistrationAuthority",
      requiredProperties = {"name", "manufacturer", "csr"})
  record NewAuthority(
      @Nullable String name,

      @Schema(description = "Whose devices it speaks for.") @Nullable
      String manufacturer,

      @Schema(
          description = "Those that it may ask for; left out, every one that a device may have.")
      @Nullable
      List<@Nullable String> certificateProfiles,

      @Schema(description = "A certificate request in PEM (PKCS #10).") @Nullable
      String csr) {}

  /** One, as people see it. */
  @Schema(name = "RegistrationAuthority")
  record AuthorityView(
      UUID id,
      String name,
      String manufacturer,
      List<String> certificateProfiles,
      Instant createdAt) {
    static AuthorityView of(RegistrationAuthority authority) {
      return new AuthorityView(
          authority.id(),
          authority.name(),
          authority.manufacturer(),
          authority.profiles().stream().sorted().toList(),
          authority.createdAt());
    }
  }

  /** With its certificate. */
  @Schema(name = "AdmittedRegistrationAuthority")
  record AdmissionView(
      AuthorityView registrationAuthority, String certificate, List<String> chain) {}
}

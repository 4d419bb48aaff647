package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.admin.api.ManufacturersResource.ManufacturerView;
import io.sallyport.devices.Admissions;
import io.sallyport.devices.Admissions.Admission;
import io.sallyport.devices.Admissions.Report;
import io.sallyport.devices.AnchorTerms;
import io.sallyport.devices.Manufacturers;
import io.sallyport.devices.SerialPattern;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
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
import jakarta.ws.rs.core.MediaType;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** One manufacturer's trust anchors: what they count for, what revokes under them, and their end. */
@Path(Api.V1 + "/manufacturers/{name}/anchors")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "manufacturers")
class AnchorsResource {
  private final Manufacturers manufacturers;
  private final Admissions admissions;
  private final Caller caller;
  private final Once once;

  AnchorsResource(Manufacturers manufacturers, Admissions admissions, Caller caller, Once once) {
    this.manufacturers = manufacturers;
    this.admissions = admissions;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(
      value = ManufacturerView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(operationId = "addTrustAnchor", summary = "Trust one more authority of a manufacturer")
  public ManufacturerView add(@PathParam("name") String name, @Nullable NewAnchor body) {
    NewAnchor wanted = Fields.body(body);
    Der certificate =
        Pem.one("certificate", "CERTIFICATE", Fields.required("certificate", wanted.certificate()));
    AnchorTerms terms = terms(
        wanted.models(),
        wanted.serialNumbers(),
        wanted.notBefore(),
        wanted.notAfter(),
        wanted.listsRequired());
    return once.run(
        201,
        () ->
            ManufacturerView.of(manufacturers.addAnchor(name, certificate, terms, caller.actor())));
  }

  @PUT
  @Path("{digest}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "changeTrustAnchor",
      summary = "Say anew what a trust anchor counts for; what is left out is no limit")
  public ManufacturerView change(
      @PathParam("name") String name, @PathParam("digest") String digest, @Nullable Terms body) {
    Terms wanted = Fields.body(body);
    AnchorTerms terms = terms(
        wanted.models(),
        wanted.serialNumbers(),
        wanted.notBefore(),
        wanted.notAfter(),
        wanted.listsRequired());
    return ManufacturerView.of(
        manufacturers.changeAnchor(name, digest(digest), terms, caller.actor()));
  }

  @DELETE
  @Path("{digest}")
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "removeTrustAnchor",
      summary = "Forget a trust anchor; after a compromise distrust it instead")
  public ManufacturerView remove(
      @PathParam("name") String name, @PathParam("digest") String digest) {
    return ManufacturerView.of(manufacturers.removeAnchor(name, digest(digest), caller.actor()));
  }

  @POST
  @Path("{digest}/list")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "takeManufacturerList",
      summary = "Hand in the next whole revocation list of an anchor or of an authority under it")
  public ManufacturerView takeList(
      @PathParam("name") String name, @PathParam("digest") String digest, @Nullable NewList body) {
    Der list = Pem.list("list", Fields.required("list", Fields.body(body).list()));
    return once.run(
        200,
        () -> ManufacturerView.of(
            manufacturers.takeList(name, digest(digest), list, caller.actor())));
  }

  @POST
  @Path("{digest}/distrust")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(value = Right.ADMINISTER_AUTHORITIES, everySite = true)
  @Operation(
      operationId = "distrustTrustAnchor",
      summary = "Shut a compromised authority of a manufacturer for good",
      description =
          "From this commit on no IDevID is taken whose chain has the authority's key in it. What it admitted keeps its"
              + " certificates; the answer counts it and GET admissions lists it. Idempotent: the first time and reason"
              + " stay.")
  public ReportView distrust(
      @PathParam("name") String name,
      @PathParam("digest") String digest,
      @Nullable Distrusting body) {
    String reason = Fields.text("reason", Fields.body(body).reason());
    return once.run(
        200,
        () -> ReportView.of(admissions.distrust(name, digest(digest), reason, caller.actor())));
  }

  @GET
  @Path("{digest}/admissions")
  @Requires(Right.READ)
  @Operation(
      operationId = "listAdmissions",
      summary = "List the devices that an anchor admitted, by which IDevID")
  public Items<AdmissionView> admissions(
      @PathParam("name") String name,
      @PathParam("digest") String digest,
      @BeanParam Paging paging) {
    return paging.of(
        "admissions",
        (cursor, limit) ->
            admissions.admittedBy(name, digest(digest), caller.sites(), cursor, limit),
        AdmissionView::of);
  }

  private static Digest digest(String hex) {
    try {
      return Digest.ofHex(hex);
    } catch (IllegalArgumentException e) {
      throw Fields.malformed("digest", "is not a SHA-256 digest in hexadecimal digits");
    }
  }

  private static AnchorTerms terms(
      @Nullable List<@Nullable String> models,
      @Nullable List<@Nullable String> serialNumbers,
      @Nullable String notBefore,
      @Nullable String notAfter,
      @Nullable Boolean listsRequired) {
    return new AnchorTerms(
        texts("models", models),
        texts("serial_numbers", serialNumbers).stream().map(SerialPattern::new).toList(),
        time("not_before", notBefore),
        time("not_after", notAfter),
        listsRequired != null && listsRequired);
  }

  private static List<String> texts(String field, @Nullable List<@Nullable String> values) {
    List<String> texts = new ArrayList<>();
    for (String value : values == null ? List.<@Nullable String>of() : values) {
      texts.add(Fields.text(field, value));
    }
    return texts;
  }

  private static @Nullable Instant time(String field, @Nullable String value) {
    try {
      return value == null ? null : Instant.parse(value);
    } catch (DateTimeException e) {
      throw Fields.malformed(field, "is not a time such as 2026-01-31T00:00:00Z");
    }
  }

  /** What an anchor is to count for. */
  @Schema(name = "TrustAnchorTerms")
  record Terms(
      @Nullable List<@Nullable String> models,

      @Schema(description = "Patterns: # is a digit, * any run of characters.") @Nullable
      List<@Nullable String> serialNumbers,

      @Schema(format = "date-time") @Nullable String notBefore,
      @Schema(format = "date-time") @Nullable String notAfter,

      @Schema(
          description =
              "Whether each authority on the way must have a current revocation list here; what a list names is refused"
                  + " in any case.",
          defaultValue = "false")
      @Nullable
      Boolean listsRequired) {}

  /** An anchor to trust. */
  @Schema(name = "NewTrustAnchor", requiredProperties = "certificate")
  record NewAnchor(
      @Schema(description = "A CA certificate in PEM.") @Nullable
      String certificate,

      @Nullable List<@Nullable String> models,

      @Schema(description = "Patterns: # is a digit, * any run of characters.") @Nullable
      List<@Nullable String> serialNumbers,

      @Schema(format = "date-time") @Nullable String notBefore,
      @Schema(format = "date-time") @Nullable String notAfter,

      @Schema(
          description =
              "Whether each authority on the way must have a current revocation list here.",
          defaultValue = "false")
      @Nullable
      Boolean listsRequired) {}

  /** A list to take. */
  @Schema(name = "NewManufacturerList", requiredProperties = "list")
  record NewList(
      @Schema(description = "An X509 CRL in PEM, at most a megabyte.") @Nullable
      String list) {}

  /** Why an anchor is shut. */
  @Schema(name = "Distrusting", requiredProperties = "reason")
  record Distrusting(@Nullable String reason) {}

  /** What a shut anchor admitted. */
  @Schema(name = "DistrustReport")
  record ReportView(
      String manufacturer,
      String anchor,
      Instant distrustedAt,
      String reason,
      @Schema(description = "How many devices it admitted.") long devices,

      @Schema(description = "How many of them are not decommissioned.")
      long live) {
    static ReportView of(Report report) {
      return new ReportView(
          report.manufacturer(),
          report.anchor().hex(),
          report.distrust().at(),
          report.distrust().reason(),
          report.devices(),
          report.live());
    }
  }

  /** An admitted device. */
  @Schema(name = "Admission")
  record AdmissionView(
      UUID device,
      String serialNumber,
      String model,
      String site,
      String state,

      @Schema(description = "SHA-256 of the IDevID certificate.")
      String idevid,

      String how,
      Instant admittedAt) {
    static AdmissionView of(Admission admission) {
      return new AdmissionView(
          admission.device(),
          admission.serialNumber(),
          admission.model(),
          admission.site(),
          admission.state().word(),
          admission.idevid().hex(),
          admission.how(),
          admission.at());
    }
  }
}

package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.Ownerships.Claim;
import io.sallyport.enrollment.Vouchers;
import io.sallyport.enrollment.Vouchers.Application;
import io.sallyport.enrollment.Vouchers.Assertion;
import io.sallyport.enrollment.Vouchers.Checked;
import io.sallyport.enrollment.Vouchers.CodedClaim;
import io.sallyport.enrollment.Vouchers.Expectation;
import io.sallyport.enrollment.Vouchers.Voucher;
import io.sallyport.kernel.Der;
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
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.ResponseStatus;
import org.jspecify.annotations.Nullable;

/** Vouchers (RFC 8366), by which devices learn whose domain they belong to. */
@Path(Api.V1 + "/vouchers")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "vouchers")
class VouchersResource {
  private static final int MOST_ANCHORS = 16;
  /** 64 KiB in base64. */
  private static final int LONGEST = 90_000;

  private final Vouchers vouchers;
  private final Devices devices;
  private final Caller caller;
  private final Once once;

  VouchersResource(Vouchers vouchers, Devices devices, Caller caller, Once once) {
    this.vouchers = vouchers;
    this.devices = devices;
    this.caller = caller;
    this.once = once;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @ResponseStatus(201)
  @APIResponseSchema(
      value = VoucherView.class,
      responseCode = "201",
      responseDescription = "Created")
  @Requires(Right.CONTROL_DEVICES)
  @Operation(
      operationId = "issueVoucher",
      summary =
          "Issue a voucher to a device's owner, or to who claims it by a code in the same act",
      description =
          "With \"request\" the answer to a registrar's voucher request (RFC 8995 section 5.5). A unit's nonce, and a"
              + " request, are answered once.")
  public VoucherView issue(@Nullable NewVoucher body) {
    NewVoucher wanted = Fields.body(body);
    Application application = wanted.application();
    if (application.claim() != null) {
      caller.requireSite(application.claim().claim().site());
    }
    return once.apart(201, () -> view(vouchers.issue(application, caller.sites(), caller.actor())));
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listVouchers", summary = "List a device's vouchers, oldest first")
  public Items<VoucherView> list(
      @QueryParam("device") @Nullable String device, @BeanParam Paging paging) {
    UUID id = Fields.uuid("device", device);
    devices.get(id, caller.sites());
    return paging.of("vouchers", (cursor, limit) -> vouchers.list(id, cursor, limit), this::view);
  }

  @GET
  @Path("{id}")
  @Requires(Right.READ)
  @Operation(operationId = "getVoucher", summary = "A voucher")
  public VoucherView get(@PathParam("id") UUID id) {
    return view(vouchers.get(id, caller.sites()));
  }

  @GET
  @Path("{id}/artifact")
  @Produces(Vouchers.MEDIA_TYPE)
  @APIResponseSchema(value = String.class, responseCode = "200", responseDescription = "OK")
  @Requires(Right.READ)
  @Operation(
      operationId = "getVoucherArtifact",
      summary = "The signed voucher as the device takes it (CMS in DER)")
  public byte[] artifact(@PathParam("id") UUID id) {
    return vouchers.artifact(id, caller.sites()).octets();
  }

  @POST
  @Path("check")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.READ)
  @Operation(
      operationId = "checkVoucher",
      summary = "Check a voucher as the device would",
      description = "Changes nothing. 422 voucher-not-valid tells what is wrong with it.")
  public CheckedView check(@Nullable VoucherToCheck body) {
    VoucherToCheck given = Fields.body(body);
    List<Der> anchors =
        given.anchors() == null ? List.of() : Pem.all("anchors", "CERTIFICATE", given.anchors());
    if (anchors.size() > MOST_ANCHORS) {
      throw Fields.malformed("anchors", "has more than " + MOST_ANCHORS + " certificates");
    }
    return CheckedView.of(vouchers.check(
        der("voucher", Fields.required("voucher", given.voucher())),
        new Expectation(
            Fields.text("serial_number", given.serialNumber()),
            base64("nonce", given.nonce()),
            base64("idevid_issuer", given.idevidIssuer()),
            given.domain() == null ? null : Pem.one("domain", "CERTIFICATE", given.domain()),
            anchors)));
  }

  private VoucherView view(Voucher voucher) {
    return new VoucherView(
        voucher.id(),
        voucher.device(),
        voucher.serialNumber(),
        voucher.owner(),
        voucher.assertion().word(),
        voucher.domain().pem("CERTIFICATE"),
        voucher.nonce(),
        voucher.createdOn(),
        voucher.expiresOn(),
        voucher.by());
  }

  private static Der der(String name, String base64) {
    if (base64.length() > LONGEST) {
      throw Fields.malformed(name, "has more than " + LONGEST + " characters");
    }
    try {
      return Der.of(Base64.getMimeDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      throw Fields.malformed(name, "is not base64");
    }
  }

  private static @Nullable String base64(String name, @Nullable String value) {
    if (value == null) {
      return null;
    }
    String text = Fields.text(name, value);
    try {
      Base64.getDecoder().decode(text);
      return text;
    } catch (IllegalArgumentException e) {
      throw Fields.malformed(name, "is not base64");
    }
  }

  /** What is to be issued. */
  @Schema(name = "NewVoucher", requiredProperties = "owner")
  record NewVoucher(
      @Schema(
          description =
              "The device; may be left out with a claim, or with a request that the device signed.")
      @Nullable
      String device,

      @Schema(description = "Who has the device, or claims it.") @Nullable
      String owner,

      @Schema(description = "Takes a released device over in the same act.") @Nullable
      VoucherClaim claim,

      @Schema(
          description =
              "The certificate to be pinned, in PEM; with a request by default the topmost one that came with it.")
      @Nullable
      String domain,

      @Schema(description = "A voucher request (RFC 8995): CMS in base64.") @Nullable
      String request,

      @Schema(description = "The device's nonce, 8 to 32 octets in base64.") @Nullable
      String nonce,

      @Schema(
          description =
              "An ISO 8601 duration, at most 30 days; only without a nonce. With a nonce there is no end.",
          defaultValue = "P1D")
      @Nullable
      String lifetime,

      @Schema(description = "Until when such vouchers will be renewed; only without a nonce.")
      @Nullable
      Instant lastRenewalDate,

      @Schema(
          description = "Whether the device must look for the pinned certificate's revocation.",
          nullable = true)
      @Nullable
      Boolean domainCertRevocationChecks,

      @Schema(
          enumeration = {"verified", "logged", "proximity"},
          defaultValue = "verified")
      @Nullable
      String assertion) {
    /** Without the code of a claim. */
    @Override
    public String toString() {
      return "NewVoucher[" + device + ", " + owner + "]";
    }

    Application application() {
      String who = Fields.text("owner", owner);
      return new Application(
          device == null ? null : Fields.uuid("device", device),
          who,
          claim == null ? null : claim.coded(who),
          domain == null ? null : Pem.one("domain", "CERTIFICATE", domain),
          request == null ? null : der("request", request),
          base64("nonce", nonce),
          lifetime == null ? null : Fields.duration("lifetime", lifetime, Duration.ZERO),
          lastRenewalDate,
          domainCertRevocationChecks,
          assertion == null ? null : assertion(assertion));
    }

    private static Assertion assertion(String word) {
      return Arrays.stream(Assertion.values())
          .filter(one -> one.word().equals(word))
          .findFirst()
          .orElseThrow(
              () -> Fields.malformed("assertion", "is none of verified, logged, proximity"));
    }
  }

  /** By what, and where, a device is taken over. */
  @Schema(
      name = "VoucherClaim",
      requiredProperties = {"code", "site"})
  record VoucherClaim(
      @Nullable String code,
      @Nullable String site,

      @Schema(description = "Its device profile from now on; without it the one that it has.")
      @Nullable
      String profile) {
    CodedClaim coded(String owner) {
      return new CodedClaim(
          Fields.text("claim.code", code),
          new Claim(
              owner,
              Fields.text("claim.site", site),
              profile == null ? null : Fields.text("claim.profile", profile)));
    }

    /** Without the code. */
    @Override
    public String toString() {
      return "VoucherClaim[" + site + "]";
    }
  }

  /** A voucher, as people see it. */
  @Schema(name = "Voucher")
  record VoucherView(
      UUID id,
      UUID device,
      String serialNumber,
      @Schema(description = "Whom it was issued to.") String owner,

      @Schema(enumeration = {"verified", "logged", "proximity"})
      String assertion,

      @Schema(description = "The pinned certificate in PEM.")
      String domain,

      @Schema(nullable = true) @Nullable String nonce,
      Instant createdOn,
      @Schema(nullable = true) @Nullable Instant expiresOn,
      String issuedBy) {}

  /** A voucher and what the device would hold it against. */
  @Schema(
      name = "VoucherToCheck",
      requiredProperties = {"voucher", "serial_number"})
  record VoucherToCheck(
      @Schema(description = "CMS in base64.") @Nullable String voucher,

      @Nullable String serialNumber,

      @Schema(description = "What the device sent, in base64.") @Nullable
      String nonce,

      @Schema(description = "The authority key identifier of the IDevID, in base64.") @Nullable
      String idevidIssuer,

      @Schema(
          description =
              "A certificate in PEM that the pinned one must be, or must have certified: the registrar's.")
      @Nullable
      String domain,

      @Schema(
          description =
              "Certificates in PEM of those whose vouchers are taken; without them this server's own alone.")
      @Nullable
      String anchors) {}

  /** What a voucher says that holds. */
  @Schema(name = "CheckedVoucher")
  record CheckedView(
      String serialNumber,
      String assertion,

      @Schema(description = "The pinned certificate in PEM.")
      String domain,

      Instant createdOn,
      @Schema(nullable = true) @Nullable Instant expiresOn,
      @Schema(nullable = true) @Nullable String nonce) {
    static CheckedView of(Checked checked) {
      return new CheckedView(
          checked.serialNumber(),
          checked.assertion(),
          checked.domain().pem("CERTIFICATE"),
          checked.createdOn(),
          checked.expiresOn(),
          checked.nonce());
    }
  }
}

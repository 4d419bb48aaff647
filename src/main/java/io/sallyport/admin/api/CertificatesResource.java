package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.RevocationReason;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Instant;
import java.util.UUID;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Issued certificates. */
@Path(Api.V1 + "/certificates")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "certificates")
class CertificatesResource {
  /** RFC 5280 §4.1.2.2: at most 20 octets. */
  private static final Pattern SERIAL = Pattern.compile("[0-9A-Fa-f]{1,40}");

  private static final int HEX = 16;

  private final Credentials credentials;
  private final Devices devices;
  private final Caller caller;
  private final Once once;
  private final Clock clock;

  CertificatesResource(
      Credentials credentials, Devices devices, Caller caller, Once once, Clock clock) {
    this.devices = devices;
    this.credentials = credentials;
    this.caller = caller;
    this.once = once;
    this.clock = clock;
  }

  @GET
  @Requires(Right.READ)
  @Operation(operationId = "listCertificates", summary = "List issued certificates")
  public Items<CertificateView> list(@BeanParam Paging paging) {
    Instant now = clock.instant();
    return paging.of(
        "certificates",
        (cursor, limit) -> credentials.list(caller.sites(), cursor, limit),
        credential -> CertificateView.of(credential, now));
  }

  @GET
  @Path("{authority}/{serial}")
  @Requires(Right.READ)
  @Operation(
      operationId = "getCertificate",
      summary = "One certificate, by authority and serial number in hex")
  public CertificateView get(
      @PathParam("authority") String authority, @PathParam("serial") String serial) {
    return CertificateView.of(seen(authority, number(serial)), clock.instant());
  }

  @POST
  @Path("{authority}/{serial}/revoke")
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.ADMINISTER_AUTHORITIES)
  @Operation(
      operationId = "revokeCertificate",
      summary = "Revoke a certificate or put it on hold",
      description =
          "Idempotent: the first time and reason stay. With certificate-hold it is worth nothing until"
              + " it is released; one on hold can be revoked for good, with the time of the hold.")
  public CertificateView revoke(
      @PathParam("authority") String authority,
      @PathParam("serial") String serial,
      @Nullable Revoke body) {
    BigInteger number = number(serial);
    seen(authority, number);
    RevocationReason reason =
        Reasons.readOrHold("reason", Fields.body(body).reason(), RevocationReason.UNSPECIFIED);
    return once.run(
        200,
        () -> CertificateView.of(
            credentials.revoke(authority, number, reason, caller.actor()), clock.instant()));
  }

  @POST
  @Path("{authority}/{serial}/release")
  @Requires(Right.ADMINISTER_AUTHORITIES)
  @Operation(
      operationId = "releaseCertificate",
      summary = "Give a certificate back that was put on hold")
  public CertificateView release(
      @PathParam("authority") String authority, @PathParam("serial") String serial) {
    BigInteger number = number(serial);
    seen(authority, number);
    return once.run(
        200,
        () -> CertificateView.of(
            credentials.release(authority, number, caller.actor()), clock.instant()));
  }

  /** Whoever is bound to sites sees the certificates of their devices and no other. */
  private Credential seen(String authority, BigInteger serial) {
    return credentials
        .bySerial(authority, serial)
        .filter(credential -> caller.sites().isEmpty() || onSites(credential.subject()))
        .orElseThrow(CertificatesResource::unknown);
  }

  private boolean onSites(CertificateSubject subject) {
    return subject.kind() == CertificateSubject.Kind.DEVICE
        && devices
            .find(UUID.fromString(subject.id()))
            .map(device -> caller.sees(device.site()))
            .orElse(false);
  }

  private static BigInteger number(String serial) {
    if (!SERIAL.matcher(serial).matches()) {
      throw unknown();
    }
    return new BigInteger(serial, HEX);
  }

  private static Refusal unknown() {
    return new Refusal(
        CommonProblem.NOT_FOUND, "No certificate has this authority and serial number.");
  }

  /** Why a certificate is revoked. */
  @Schema(name = "Revoke")
  record Revoke(
      @Schema(
          enumeration = {
            "unspecified",
            "key-compromise",
            "affiliation-changed",
            "superseded",
            "cessation-of-operation",
            "certificate-hold",
            "privilege-withdrawn"
          },
          defaultValue = "unspecified")
      @Nullable
      String reason) {}
}

package io.sallyport.admin.console;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.RevocationReason;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.UUID;

/** The acts on one certificate of a device, by the right that the REST interface asks for. */
@Path("/console/devices/{id}/certificates/{authority}/{serial}")
@RunOnVirtualThread
class DeviceCertificatePages {
  private static final int HEX = 16;

  private final Devices devices;
  private final Credentials credentials;
  private final Caller caller;

  DeviceCertificatePages(Devices devices, Credentials credentials, Caller caller) {
    this.devices = devices;
    this.credentials = credentials;
    this.caller = caller;
  }

  @POST
  @Path("hold")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.ADMINISTER_AUTHORITIES)
  public Response hold(
      @PathParam("id") UUID id,
      @PathParam("authority") String authority,
      @PathParam("serial") String serial) {
    Credential credential = seen(id, authority, serial);
    credentials.revoke(
        credential.authority(),
        credential.serial(),
        RevocationReason.CERTIFICATE_HOLD,
        caller.actor());
    return back(id, "held");
  }

  @POST
  @Path("release")
  @Consumes(MediaType.APPLICATION_FORM_URLENCODED)
  @Requires(Right.ADMINISTER_AUTHORITIES)
  public Response release(
      @PathParam("id") UUID id,
      @PathParam("authority") String authority,
      @PathParam("serial") String serial) {
    Credential credential = seen(id, authority, serial);
    credentials.release(credential.authority(), credential.serial(), caller.actor());
    return back(id, "given-back");
  }

  /** One of this very device, which the caller may see. */
  private Credential seen(UUID id, String authority, String serial) {
    Device device = devices.get(id, caller.sites());
    return credentials.of(CertificateSubject.device(device.id())).stream()
        .filter(one ->
            one.authority().equals(authority) && one.serial().toString(HEX).equals(serial))
        .findFirst()
        .orElseThrow(
            () -> new Refusal(CommonProblem.NOT_FOUND, "This device has no such certificate."));
  }

  private static Response back(UUID id, String done) {
    return Response.seeOther(URI.create("/console/devices/" + id + "?done=" + done))
        .build();
  }
}

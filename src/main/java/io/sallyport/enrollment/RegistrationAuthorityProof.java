package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.sallyport.enrollment.Enrollments.Enrollment;
import io.sallyport.enrollment.RegistrationAuthorities.RegistrationAuthority;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateRequest;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x500.style.BCStyle;

/** The device that a registration authority asks for: by the serialNumber in the request's subject. */
@ApplicationScoped
class RegistrationAuthorityProof {
  private final StoredRegistrationAuthorities authorities;
  private final Devices devices;
  private final Turns turns;
  private final Audit audit;

  RegistrationAuthorityProof(
      StoredRegistrationAuthorities authorities, Devices devices, Turns turns, Audit audit) {
    this.authorities = authorities;
    this.devices = devices;
    this.turns = turns;
    this.audit = audit;
  }

  /** Empty when the client is none. The key usage alone makes nobody one: it spares the others the search. */
  Optional<Contact> prove(Enrollment enrollment) {
    X509Certificate leaf = enrollment.chain().getFirst();
    try {
      if (!RegistrationAuthorities.hasUsage(leaf)) {
        return Optional.empty();
      }
      Digest thumbprint = Digest.of(leaf.getEncoded());
      return turns.take(
          () -> authorities.recognise(thumbprint).map(authority -> proven(authority, enrollment)));
    } catch (CertificateParsingException | CertificateEncodingException unreadable) {
      return Optional.empty();
    }
  }

  private Proven proven(RegistrationAuthority authority, Enrollment enrollment) {
    try {
      if (enrollment.token() != null) {
        throw new Refusal(
            EnrollmentProblem.WRONG_TOKEN,
            "A registration authority speaks for the device; leave the token out.");
      }
      Device device = device(authority, enrollment);
      Digest authentication =
          Digest.of(("registration-authority\n" + authority.id() + "\n" + device.id())
              .getBytes(StandardCharsets.UTF_8));
      return new Proven(device, authentication, null, null, null, authority);
    } catch (Refusal refusal) {
      audit.recordRefusal(Fact.of(
              "enrollment.refused",
              Actor.registrationAuthority(authority.name()),
              "registration-authority",
              authority.id())
          .with("problem", refusal.problem().slug()));
      throw refusal;
    }
  }

  private Device device(RegistrationAuthority authority, Enrollment enrollment) {
    List<String> serialNumbers =
        DeviceNames.values(CertificateRequest.subject(enrollment.request()), BCStyle.SERIALNUMBER);
    if (serialNumbers.size() != 1) {
      throw new Refusal(
          EnrollmentProblem.NOT_A_DEVICE,
          "The request's subject must name the device by one serialNumber attribute.");
    }
    return devices
        .onHardware(authority.manufacturer(), serialNumbers.getFirst())
        .orElseThrow(() -> new Refusal(
            EnrollmentProblem.NOT_REGISTERED,
            "Serial number " + serialNumbers.getFirst() + " of " + authority.manufacturer()
                + " is not registered."));
  }
}

package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.enrollment.Enrollments.Enrollment;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import jakarta.enterprise.context.ApplicationScoped;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** The certificate that a renewal stands on (RFC 7030 §4.2.2). */
@ApplicationScoped
class CurrentCertificate {
  private final Credentials credentials;
  private final CertificateProfiles profiles;
  private final StoredWaivers waivers;
  private final Audit audit;
  private final Clock clock;

  CurrentCertificate(
      Credentials credentials,
      CertificateProfiles profiles,
      StoredWaivers waivers,
      Audit audit,
      Clock clock) {
    this.credentials = credentials;
    this.profiles = profiles;
    this.waivers = waivers;
    this.audit = audit;
    this.clock = clock;
  }

  /** A device's, whether or not it may still be renewed. */
  Credential of(Enrollment enrollment) {
    if (enrollment.chain().isEmpty()) {
      throw new Refusal(
          EnrollmentProblem.NO_CURRENT_CERTIFICATE,
          "Connect with the certificate that is to be renewed.");
    }
    Credential found = credentials
        .byThumbprint(thumbprint(enrollment.chain()))
        .orElseThrow(CurrentCertificate::notADevice);
    if (found.subject().kind() != CertificateSubject.Kind.DEVICE) {
      audit.recordRefusal(Fact.of(
              "enrollment.refused",
              found.subject().actor(),
              found.subject().kind().word(),
              found.subject().id())
          .with("problem", EnrollmentProblem.NO_CURRENT_CERTIFICATE.slug()));
      throw notADevice();
    }
    return found;
  }

  static Digest thumbprint(List<X509Certificate> chain) {
    try {
      return Digest.of(chain.getFirst().getEncoded());
    } catch (CertificateEncodingException e) {
      throw new Refusal(
          EnrollmentProblem.NO_CURRENT_CERTIFICATE, "The client certificate cannot be read.");
    }
  }

  private static Refusal notADevice() {
    return new Refusal(
        EnrollmentProblem.NO_CURRENT_CERTIFICATE,
        "The client certificate is not one that this server issued to a device.");
  }

  /** Refuses what is revoked, superseded, not yet valid, or expired beyond its grace and without a waiver. */
  void requireRenewable(Credential current) {
    Credential.Revocation revocation = current.revocation();
    if (revocation != null) {
      throw new Refusal(
          EnrollmentProblem.NO_CURRENT_CERTIFICATE,
          revocation.isHold() ? "The certificate is on hold." : "The certificate is revoked.");
    }
    if (current.supersededAt() != null) {
      throw new Refusal(
          EnrollmentProblem.NO_CURRENT_CERTIFICATE,
          "The certificate was superseded; use its successor.");
    }
    Instant now = clock.instant();
    if (now.isBefore(current.notBefore())) {
      throw new Refusal(
          EnrollmentProblem.NO_CURRENT_CERTIFICATE, "The certificate is not valid yet.");
    }
    if (now.isAfter(current.notAfter())
        && now.isAfter(current.notAfter().plus(grace(current)))
        && !waivers.waived(UUID.fromString(current.subject().id()))) {
      throw new Refusal(
          EnrollmentProblem.NO_CURRENT_CERTIFICATE,
          "The certificate has expired; enroll again, or have its renewal allowed.");
    }
  }

  private Duration grace(Credential current) {
    return profiles
        .forDevices(current.profile())
        .map(profile -> profile.enrollment().grace())
        .orElse(Duration.ZERO);
  }
}

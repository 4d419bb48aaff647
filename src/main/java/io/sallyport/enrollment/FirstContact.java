package io.sallyport.enrollment;

import io.sallyport.devices.Device;
import io.sallyport.enrollment.Enrollments.Enrollment;
import jakarta.enterprise.context.ApplicationScoped;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/** Finds the device behind an IDevID certificate (IEEE 802.1AR), a token, or both, or that a registration authority names. */
@ApplicationScoped
class FirstContact {
  private final RegistrationAuthorityProof authorities;
  private final ManufacturerProof manufacturers;
  private final TokenProof tokens;

  FirstContact(
      RegistrationAuthorityProof authorities, ManufacturerProof manufacturers, TokenProof tokens) {
    this.authorities = authorities;
    this.manufacturers = manufacturers;
    this.tokens = tokens;
  }

  /** The registered device that an IDevID names, for whoever only asks something. */
  Optional<Device> known(List<X509Certificate> chain) {
    return manufacturers.known(chain);
  }

  Contact prove(Enrollment enrollment) {
    return enrollment.chain().isEmpty()
        ? tokens.prove(enrollment)
        : authorities.prove(enrollment).orElseGet(() -> manufacturers.prove(enrollment));
  }
}

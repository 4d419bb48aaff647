package io.sallyport.enrollment;

import io.sallyport.enrollment.Enrollments.Enrollment;
import jakarta.enterprise.context.ApplicationScoped;

/** Finds the device behind an IDevID certificate (IEEE 802.1AR), a token, or both. */
@ApplicationScoped
class FirstContact {
  private final ManufacturerProof manufacturers;
  private final TokenProof tokens;

  FirstContact(ManufacturerProof manufacturers, TokenProof tokens) {
    this.manufacturers = manufacturers;
    this.tokens = tokens;
  }

  Contact prove(Enrollment enrollment) {
    return enrollment.chain().isEmpty()
        ? tokens.prove(enrollment)
        : manufacturers.prove(enrollment);
  }
}

package io.sallyport.admin.api;

import io.sallyport.attestation.Appraisal;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** An attestation result, as people see it. */
@Schema(name = "Appraisal")
record AppraisalView(
    UUID id,
    String status,
    Instant at,
    Instant expiresAt,
    Map<String, ClaimView> claims,
    Map<String, Object> observed,

    @Schema(description = "The result as a signed JWT (EAR).")
    String ear) {
  AppraisalView {
    claims = Map.copyOf(claims);
    observed = Map.copyOf(observed);
  }

  /** A claim of the trustworthiness vector (AR4SI). */
  @Schema(name = "Claim")
  record ClaimView(int value, String tier, String assurance, String source, String reason) {}

  static AppraisalView of(Appraisal appraisal) {
    Map<String, ClaimView> claims = new TreeMap<>();
    appraisal
        .claims()
        .forEach((name, claim) -> claims.put(
            name,
            new ClaimView(
                claim.value(),
                claim.tier().word(),
                claim.assurance().word(),
                claim.source(),
                claim.reason())));
    return new AppraisalView(
        appraisal.id(),
        appraisal.status().word(),
        appraisal.at(),
        appraisal.expiresAt(),
        claims,
        appraisal.observed(),
        appraisal.ear());
  }
}

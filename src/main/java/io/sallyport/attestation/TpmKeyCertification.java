package io.sallyport.attestation;

import io.sallyport.attestation.AttestationKeys.AttestationKey;
import io.sallyport.attestation.TpmAttest.Certification;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import java.security.MessageDigest;

/** Checks that a TPM vouches for one of its keys (TPM2_Certify; TPM 2.0 Library, Part 3 §18.2). Pure. */
final class TpmKeyCertification {
  private TpmKeyCertification() {}

  /** As {@link AttestationKeys#certified}. */
  static Digest certified(
      AttestationKey key,
      byte[] certifyInfo,
      byte[] signature,
      byte[] publicArea,
      byte[] qualifyingData) {
    TpmSignature.read(signature).require(Certificates.key(key.certificate()), certifyInfo);
    Certification certification = TpmAttest.certification(certifyInfo);
    if (!MessageDigest.isEqual(certification.extraData(), qualifyingData)) {
      throw mismatch("The key certification was made for other data than it is to prove.");
    }
    TpmPublic certified =
        TpmPublic.read(publicArea, "certified key", AttestationProblem.INVALID_EVIDENCE);
    if (!certified.name().is(certification.name())) {
      throw mismatch("The key certification is about another key than the one that came with it.");
    }
    if (!certified.bornAndKeptInTpm()) {
      throw mismatch(
          "The certified key may leave its TPM; make it with fixedTPM, fixedParent and sensitiveDataOrigin.");
    }
    return certified.subjectPublicKeyInfo().digest();
  }

  private static Refusal mismatch(String detail) {
    return new Refusal(AttestationProblem.QUOTE_MISMATCH, detail);
  }
}

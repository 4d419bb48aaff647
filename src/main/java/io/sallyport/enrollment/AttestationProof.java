package io.sallyport.enrollment;

import io.sallyport.attestation.AttestationKeys;
import io.sallyport.attestation.AttestationKeys.AttestationKey;
import io.sallyport.enrollment.Accounts.Account;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Clock;

/**
 * device-attest-01 (draft-ietf-acme-device-attest): the device's TPM certifies the key that is to be certified, by an
 * attestation key that this server issued a certificate for.
 */
@Singleton
final class AttestationProof {
  private final AttestationKeys keys;
  private final Clock clock;

  AttestationProof(AttestationKeys keys, Clock clock) {
    this.keys = keys;
    this.clock = clock;
  }

  /** The digest of the attested key; refuses with {@code bad-attestation}. */
  Digest check(Account account, byte[] attestation, String keyAuthorization) {
    AttestationObject object = AttestationObject.read(attestation);
    AttestationKey key = keys.byCertificate(object.attestationKey())
        .orElseThrow(
            () -> bad(
                "The first certificate of x5c is not one that this server issued to an attestation key."));
    if (!key.device().equals(account.device())) {
      throw bad("The attestation key is not one of the account's device.");
    }
    if (!clock.instant().isBefore(key.notAfter())) {
      throw bad("The attestation key's certificate has expired.");
    }
    try {
      return keys.certified(
          key,
          object.certInfo(),
          object.signature(),
          object.pubArea(),
          Digest.of(keyAuthorization.getBytes(StandardCharsets.UTF_8)).octets());
    } catch (Refusal refusal) {
      throw bad(refusal.detail());
    }
  }

  private static Refusal bad(String detail) {
    return new Refusal(EnrollmentProblem.BAD_ATTESTATION, detail);
  }
}

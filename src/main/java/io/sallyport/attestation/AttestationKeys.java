package io.sallyport.attestation;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.Credential;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Attestation keys in TPM 2.0 chips: each bound to an endorsement key that a trusted root vouches for, and with it to one
 * hardware unit (law 3). Facts are about subject type {@code device}.
 */
public interface AttestationKeys {
  /**
   * An attestation key that was activated.
   *
   * @param ekDigest SHA-256 over the SubjectPublicKeyInfo of its TPM's endorsement key
   * @param notAfter when its certificate ends
   */
  record AttestationKey(UUID id, UUID device, Der certificate, Digest ekDigest, Instant notAfter) {}

  /**
   * A secret that only the right TPM can open.
   *
   * @param credentialBlob TPM2B_ID_OBJECT
   * @param encryptedSecret TPM2B_ENCRYPTED_SECRET
   * @param credential both in the file format of tpm2-tools
   */
  record Offer(
      UUID id,
      byte[] credentialBlob,
      byte[] encryptedSecret,
      byte[] credential,
      Instant expiresAt) {}

  /**
   * Seals a secret for the TPM with this endorsement key that has this attestation key (TPM2_MakeCredential). Nothing is
   * bound yet: certificate and public area are no secrets.
   *
   * @param ekCertificate of an RSA-2048 endorsement key; others are refused with {@code not-supported}
   * @param ekChain what leads from it to a trusted root, in this order; empty when a trusted root issued it
   * @param akPublic TPM2B_PUBLIC or TPMT_PUBLIC
   */
  Offer offer(UUID device, Der ekCertificate, List<Der> ekChain, byte[] akPublic, Actor actor);

  /**
   * Takes the secret that the TPM opened (TPM2_ActivateCredential), binds endorsement and attestation key to the device's
   * hardware unit and certifies the attestation key. An offer is answered once, rightly or wrongly. Opens its own
   * transactions.
   *
   * @return the certificate, from the certificate profile {@code attestation-key}
   */
  Credential activate(UUID device, UUID offer, byte[] secret, Actor actor);

  /** The live attestation key with this certificate; empty when it is none, or revoked, superseded or out of date. */
  Optional<AttestationKey> byCertificate(Der certificate);

  /**
   * Checks that the TPM of {@code key} vouches for another of its keys (TPM2_Certify): signed by {@code key}, made for
   * {@code qualifyingData}, about exactly this public area, and of a key that was born in the TPM and cannot leave it.
   * Refuses with {@code evidence-signature}, {@code invalid-evidence} or {@code quote-mismatch}.
   *
   * @param certifyInfo TPMS_ATTEST
   * @param signature TPMT_SIGNATURE
   * @param publicArea TPM2B_PUBLIC or TPMT_PUBLIC
   * @return SHA-256 over the SubjectPublicKeyInfo of the key that was certified
   */
  Digest certified(
      AttestationKey key,
      byte[] certifyInfo,
      byte[] signature,
      byte[] publicArea,
      byte[] qualifyingData);
}

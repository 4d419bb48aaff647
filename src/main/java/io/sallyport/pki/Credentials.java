package io.sallyport.pki;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import java.math.BigInteger;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Issued certificates by whom and what they certify. Changes are facts about the subject of the certificate. */
public interface Credentials {
  Optional<Credential> byThumbprint(Digest thumbprint);

  Optional<Credential> bySerial(String authority, BigInteger serial);

  /** Those issued to {@code subject}, newest first, revoked and superseded ones included. */
  List<Credential> of(CertificateSubject subject);

  /** Those issued to many subjects of one kind, by subject id, newest first, without revoked and superseded ones. */
  Map<String, List<CredentialIdentity>> unrevoked(
      CertificateSubject.Kind kind, Collection<String> subjects);

  /** The live ones of all subjects of a kind that has few, such as the server's nodes. */
  List<Credential> live(CertificateSubject.Kind kind);

  /**
   * By authority and serial, after {@code cursor}; when {@code sites} names any, those of the devices on them alone, by
   * device.
   */
  Page<Credential> list(Set<String> sites, @Nullable String cursor, int limit);

  /**
   * Notes that a credential was presented. On its first use every older credential of the same subject and certificate
   * profile is superseded (law 2), and revoked when the profile says so. Later calls cost one read.
   */
  void used(Credential credential);

  /**
   * Revokes one, or puts it on hold for {@code CERTIFICATE_HOLD}; idempotent, the first time and reason stay. A held one
   * can be revoked for good: then the reason is the new one, and the time that of the hold. Raises the device's revocation
   * counter.
   */
  Credential revoke(String authority, BigInteger serial, RevocationReason reason, Actor actor);

  /** Gives a held one back; refuses with {@code cannot-release} what is not on hold or has ended meanwhile. */
  Credential release(String authority, BigInteger serial, Actor actor);

  /**
   * Revokes for good what a device has of other certificate profiles than these, in the caller's transaction, and what is
   * being issued of them is not handed out. Answers how many it revoked.
   */
  int revokeOthers(UUID device, Set<String> profiles, RevocationReason reason, Actor actor);

  /** Revokes for good all that a subject has, a device's attestation keys too, in the caller's transaction. */
  void revokeAll(CertificateSubject subject, RevocationReason reason, Actor actor);
}

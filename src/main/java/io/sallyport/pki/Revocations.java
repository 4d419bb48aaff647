package io.sallyport.pki;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject.Kind;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Revoking for good, holding and releasing, each in the caller's transaction. A held certificate is a revoked one that can
 * come back: whoever asks whether it is revoked is told that it is. The device is locked before the certificate, by
 * everybody.
 */
@Singleton
final class Revocations {
  /** Those that say something about a certificate that is not an authority's (RFC 5280 §5.3.1). */
  private static final Set<RevocationReason> GIVEN = EnumSet.complementOf(
      EnumSet.of(RevocationReason.CA_COMPROMISE, RevocationReason.AA_COMPROMISE));
  /** The server's own certificates make way for new ones; nobody waits for one to come back. */
  private static final Set<Kind> HELD = EnumSet.of(
      Kind.DEVICE,
      Kind.ATTESTATION_KEY,
      Kind.ENFORCEMENT_POINT,
      Kind.STATION,
      Kind.REGISTRATION_AUTHORITY);

  private final EntityManager entities;
  private final Devices devices;
  private final Audit audit;
  private final Clock clock;

  Revocations(EntityManager entities, Devices devices, Audit audit, Clock clock) {
    this.entities = entities;
    this.devices = devices;
    this.audit = audit;
    this.clock = clock;
  }

  /** For good, or on hold. What is revoked for good stays as it is, and so does what is to be held and is. */
  void revoke(CredentialRow row, RevocationReason reason, Actor actor) {
    requireRevocable(row, reason);
    takeAway(row.subject());
    refresh(row);
    if (reason == RevocationReason.CERTIFICATE_HOLD) {
      hold(row, actor);
    } else {
      end(row, reason, actor);
    }
  }

  private static void requireRevocable(CredentialRow row, RevocationReason reason) {
    if (row.subjectKind == Kind.AUTHORITY) {
      throw new Refusal(
          CommonProblem.CONFLICT,
          "This is the certificate of authority \"" + row.subjectId
              + "\"; revoke the authority itself, with all that stands on it.");
    }
    if (row.subjectKind == Kind.OCSP_RESPONDER) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED,
          "A responder's certificate says that its status need not be asked; it ends by itself.");
    }
    if (!GIVEN.contains(reason)) {
      throw new Refusal(
          PkiProblem.INVALID_REASON, "This reason is for the certificates of authorities alone.");
    }
    if (reason == RevocationReason.CERTIFICATE_HOLD && !HELD.contains(row.subjectKind)) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED,
          "A server's certificate is not put on hold; revoke it, and the server makes a new one.");
    }
  }

  /** Law 5: what is being issued to the device is not handed out any more. */
  private void takeAway(CertificateSubject subject) {
    subject.onDevice().ifPresent(devices::raiseRevocationCounter);
  }

  private void refresh(CredentialRow row) {
    row.lock(entities);
  }

  private void hold(CredentialRow row, Actor actor) {
    if (row.state == CredentialState.ISSUED) {
      row.revoked(RevocationReason.CERTIFICATE_HOLD, now());
      audit.record(withThumbprint("certificate.held", row, actor));
    }
  }

  /** For good, held ones too; the caller has locked the device and the row. */
  void end(CredentialRow row, RevocationReason reason, Actor actor) {
    Instant held = row.heldSince();
    if (row.state == CredentialState.REVOKED && held == null) {
      return;
    }
    // A revocation that follows a hold has the date of the hold (X.509, reason code extension).
    row.revoked(reason, held == null ? now() : held);
    Fact fact = fact("certificate.revoked", row, actor).with("reason", reason.name());
    audit.record(held == null ? fact : fact.with("held_since", held));
    if (reason == RevocationReason.KEY_COMPROMISE) {
      condemn(row, actor);
    }
  }

  /** What is on the same key falls with it, and the key is certified for nobody again. */
  private void condemn(CredentialRow row, Actor actor) {
    devices.condemnKey(Digest.ofOctets(row.keyDigest));
    List<CredentialRow> others = entities
        .createQuery(
            "from CredentialRow where keyDigest = :key and id <> :id and (state = :issued"
                + " or state = :revoked and revocationReason = :hold)",
            CredentialRow.class)
        .setParameter("key", row.keyDigest)
        .setParameter("id", row.id)
        .setParameter("issued", CredentialState.ISSUED)
        .setParameter("revoked", CredentialState.REVOKED)
        .setParameter("hold", RevocationReason.CERTIFICATE_HOLD)
        .getResultList();
    for (CredentialRow other : others) {
      takeAway(other.subject());
      refresh(other);
      end(other, RevocationReason.KEY_COMPROMISE, actor);
    }
  }

  /** Gives a held certificate back as it was; refuses with {@code cannot-release} when that cannot be. */
  void release(CredentialRow row, Actor actor) {
    row.subject().onDevice().map(devices::lock).ifPresent(Revocations::requireThere);
    refresh(row);
    Instant held = row.heldSince();
    if (held == null) {
      throw cannot(
          row.state == CredentialState.REVOKED
              ? "The certificate is revoked for good; the device needs a new one."
              : "The certificate is not on hold.");
    }
    if (row.notAfter.isBefore(clock.instant())) {
      throw cannot("The certificate has expired meanwhile; the device needs a new one.");
    }
    if (row.supersededAt != null) {
      throw cannot(
          "The certificate was superseded meanwhile; revoke it for good, its successor is in use.");
    }
    devices.requireSound(Digest.ofOctets(row.keyDigest));
    row.released();
    audit.record(withThumbprint("certificate.released", row, actor).with("held_since", held));
  }

  private static void requireThere(Device device) {
    if (device.state() == DeviceState.WIPING || device.state() == DeviceState.DECOMMISSIONED) {
      throw cannot(
          "The device is " + device.state().word() + "; its certificates do not come back.");
    }
  }

  private static Refusal cannot(String why) {
    return new Refusal(PkiProblem.CANNOT_RELEASE, why);
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private static Fact withThumbprint(String kind, CredentialRow row, Actor actor) {
    return fact(kind, row, actor).with("sha256", row.credential().thumbprint());
  }

  static Fact fact(String kind, CredentialRow row, Actor actor) {
    return Fact.of(kind, actor, row.subjectKind.word(), row.subjectId)
        .with("authority", row.authority)
        .with("serial", row.serial);
  }
}

package io.sallyport.attestation;

import io.sallyport.attestation.AttestationKeyStore.Sealed;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.CloneAlarms;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.Issuance;
import io.sallyport.pki.Issuance.Guard;
import io.sallyport.pki.Issuance.Order;
import jakarta.enterprise.context.ApplicationScoped;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;

/** Attestation keys: offered, activated, certified, found again. Safe for any thread. */
@ApplicationScoped
class ActivatedKeys implements AttestationKeys {
  /** A TPM takes a second or two; five minutes let a device on a slow link answer. */
  private static final Duration LIFETIME = Duration.ofMinutes(5);

  private static final int SECRET_OCTETS = 32;

  private final AttestationKeyStore store;
  private final StoredTpmRoots roots;
  private final Devices devices;
  private final Credentials credentials;
  private final Issuance issuance;
  private final CloneAlarms alarms;
  private final Audit audit;
  private final Transactions transactions;
  private final SecureRandom random;
  private final Ids ids;
  private final Clock clock;

  ActivatedKeys(
      AttestationKeyStore store,
      StoredTpmRoots roots,
      Devices devices,
      Credentials credentials,
      Issuance issuance,
      CloneAlarms alarms,
      Audit audit,
      Transactions transactions,
      SecureRandom random,
      Ids ids,
      Clock clock) {
    this.store = store;
    this.roots = roots;
    this.devices = devices;
    this.credentials = credentials;
    this.issuance = issuance;
    this.alarms = alarms;
    this.audit = audit;
    this.transactions = transactions;
    this.random = random;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Offer offer(
      UUID device, Der ekCertificate, List<Der> ekChain, byte[] akPublic, Actor actor) {
    return recordingRefusals(device, actor, () -> {
      // 1. The endorsement key is in a TPM that a trusted maker made.
      Instant now = now();
      EndorsementKey endorsementKey =
          EndorsementKey.of(ekCertificate, ekChain, roots.anchors(), now);

      // 2. The attestation key is one that only a TPM can have; its Name is computed from what
      // came.
      TpmPublic attestationKey =
          TpmPublic.read(akPublic, "attestation key", AttestationProblem.INVALID_ATTESTATION_KEY);
      attestationKey.requireAttestationKey();

      // 3. Sealed so that only the TPM that has both can open it.
      byte[] secret = new byte[SECRET_OCTETS];
      random.nextBytes(secret);
      TpmCredential credential =
          TpmCredential.make(endorsementKey.key(), attestationKey.name(), secret, random);
      Sealed sealed = new Sealed(
          ids.next(),
          device,
          endorsementKey.digest(),
          attestationKey.subjectPublicKeyInfo(),
          Digest.of(secret),
          now,
          now.plus(LIFETIME));
      transactions.begin(() -> {
        store.add(sealed);
        audit.record(fact("attestation-key.offered", actor, sealed));
        return sealed;
      });
      return new Offer(
          sealed.id(),
          credential.blob(),
          credential.encryptedSeed(),
          credential.file(),
          sealed.expiresAt());
    });
  }

  @Override
  public Credential activate(UUID device, UUID offer, byte[] secret, Actor actor) {
    return recordingRefusals(device, actor, () -> {
      // 1. Answered once: this commits even when the secret is wrong.
      Sealed sealed = transactions
          .begin(() -> store.consume(offer, device, now()))
          .orElseThrow(() -> transactions.begin(() -> store.known(offer, device))
              ? new Refusal(
                  AttestationProblem.OFFER_OVER,
                  "This secret was answered before or has expired; begin anew.")
              : new Refusal(
                  AttestationProblem.UNKNOWN_OFFER,
                  "This device has no such attestation key to activate; begin anew."));

      // 2. Whoever knows the secret has the TPM, and in it the attestation key.
      if (!Digest.of(secret).equals(sealed.secret())) {
        throw new Refusal(
            AttestationProblem.WRONG_SECRET, "This is not the secret that was sealed; begin anew.");
      }

      // 3. Both keys are of this hardware unit, for ever (law 3), and the attestation key is
      // certified (law 1).
      Device owner = devices.get(device);
      Order order = new Order(
          CertificateSubject.attestationKey(device),
          CertificateProfiles.internal(CertificateProfiles.ATTESTATION_KEY),
          sealed.attestationKey(),
          sealed.endorsementKey(),
          false,
          "CN=Attestation key " + device,
          List.of());
      Guard guard = digest -> {
        devices.require(devices.get(device), Operation.ATTEST);
        claimKeys(owner, sealed);
      };
      Credential credential;
      try {
        credential = issuance.issue(order, guard, actor);
      } catch (Refusal refusal) {
        if (refusal.problem() == DeviceProblem.DUPLICATE_KEY) {
          Digest moved = sealed.attestationKey().digest();
          alarms.raise(
              CloneAlarms.Sign.ATTESTATION_KEY_MOVED,
              device,
              List.of(moved, sealed.endorsementKey()),
              Map.of(
                  "attestation_key", moved.hex(),
                  "endorsement_key", sealed.endorsementKey().hex()));
        }
        throw refusal;
      }

      // 4. Only now can it be found by its certificate.
      AttestationKey key = new AttestationKey(
          sealed.id(),
          device,
          credential.certificate(),
          sealed.endorsementKey(),
          credential.notAfter());
      return transactions.begin(() -> {
        store.activated(key, now());
        audit.record(fact("attestation-key.activated", actor, sealed)
            .with("serial", credential.serial().toString(16)));
        return credential;
      });
    });
  }

  /** In one order for everybody, so that two units that claim each other's keys do not wait for one another. */
  private void claimKeys(Device device, Sealed sealed) {
    SortedMap<String, String> kinds = new TreeMap<>();
    kinds.put(sealed.endorsementKey().hex(), "ek");
    kinds.put(sealed.attestationKey().digest().hex(), "ak");
    kinds.forEach((key, kind) -> devices.claimKey(device.hardware().id(), Digest.ofHex(key), kind));
  }

  @Override
  public Optional<AttestationKey> byCertificate(Der certificate) {
    Instant now = now();
    return transactions.begin(() -> store
        .row(certificate)
        .map(AttestationKeyRow::key)
        .filter(key -> credentials
            .byThumbprint(certificate.digest())
            .filter(credential -> credential.liveAt(now))
            .isPresent()));
  }

  @Override
  public Digest certified(
      AttestationKey key,
      byte[] certifyInfo,
      byte[] signature,
      byte[] publicArea,
      byte[] qualifyingData) {
    return TpmKeyCertification.certified(key, certifyInfo, signature, publicArea, qualifyingData);
  }

  /** Law 8. */
  private <T> T recordingRefusals(UUID device, Actor actor, Supplier<T> use) {
    try {
      return use.get();
    } catch (Refusal refusal) {
      audit.recordRefusal(Fact.of("attestation-key.refused", actor, "device", device)
          .with("problem", refusal.problem().slug())
          .with("reason", refusal.detail()));
      throw refusal;
    }
  }

  private static Fact fact(String kind, Actor actor, Sealed sealed) {
    return Fact.of(kind, actor, "device", sealed.device())
        .with("offer", sealed.id())
        .with("endorsement_key", sealed.endorsementKey())
        .with("attestation_key", sealed.attestationKey().digest());
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}

package io.sallyport.attestation;

import io.quarkus.arc.All;
import io.sallyport.attestation.AttestationStore.Evidence;
import io.sallyport.attestation.EvidenceVerifier.Authentic;
import io.sallyport.attestation.EvidenceVerifier.Findings;
import io.sallyport.attestation.EvidenceVerifier.Presenter;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The Verifier of RFC 9334. Safe for any thread. */
@ApplicationScoped
class Verifier implements Attestations {
  private static final int NONCE_OCTETS = 32;
  private static final Duration LONGEST_LIFETIME = Duration.ofHours(1);

  private final AttestationStore store;
  private final Map<String, EvidenceVerifier> verifiers;
  private final EarIssuer results;
  private final Devices devices;
  private final DeviceProfiles profiles;
  private final Credentials credentials;
  private final Audit audit;
  private final Transactions transactions;
  private final Clock clock;
  private final Ids ids;
  private final Duration challengeLifetime;

  Verifier(
      AttestationStore store,
      @All List<EvidenceVerifier> verifiers,
      EarIssuer results,
      Devices devices,
      DeviceProfiles profiles,
      Credentials credentials,
      Audit audit,
      Transactions transactions,
      Clock clock,
      Ids ids,
      AttestationSettings settings) {
    this.store = store;
    this.verifiers = verifiers.stream()
        .collect(Collectors.toMap(EvidenceVerifier::mediaType, Function.identity()));
    this.results = results;
    this.devices = devices;
    this.profiles = profiles;
    this.credentials = credentials;
    this.audit = audit;
    this.transactions = transactions;
    this.clock = clock;
    this.ids = ids;
    this.challengeLifetime = settings.challengeLifetime();
    if (!challengeLifetime.isPositive() || challengeLifetime.compareTo(LONGEST_LIFETIME) > 0) {
      throw new IllegalArgumentException(
          "sallyport.attestation.challenge-lifetime must be more than zero and at most "
              + LONGEST_LIFETIME);
    }
  }

  @Override
  @Transactional
  public Challenge challenge(UUID device) {
    Instant now = now();
    Instant expiresAt = now.plus(challengeLifetime);
    String nonce = ids.secret(NONCE_OCTETS);
    store.add(digest(nonce), device, now, expiresAt);
    return new Challenge(nonce, expiresAt);
  }

  @Override
  public Appraisal appraise(
      UUID device, Credential credential, String mediaType, byte[] evidence, Actor actor) {
    try {
      return appraised(device, credential, mediaType, evidence, actor);
    } catch (Refusal refusal) {
      audit.recordRefusal(Fact.of("attestation.refused", actor, "device", device)
          .with("problem", refusal.problem().slug())
          .with("reason", refusal.detail())
          .with("credential", credential.thumbprint())
          .with("evidence", Digest.of(evidence)));
      throw refusal;
    }
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public void end(UUID device, Actor actor) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    Optional<Appraisal> counting =
        store.newest(device).filter(newest -> newest.expiresAt().isAfter(now));
    // Evidence that is being looked at now may be older than its record.
    store.end(device, now);
    counting.ifPresent(ended -> audit.record(
        Fact.of("appraisal.ended", actor, "device", device).with("appraisal", ended.id())));
  }

  @Override
  public String keySet() {
    return results.keySet();
  }

  @Override
  @Transactional
  public Optional<Appraisal> latest(UUID device) {
    return store.newest(device);
  }

  @Override
  @Transactional
  public Map<UUID, Appraisal> latest(Collection<UUID> devices) {
    return store.newest(devices).stream()
        .collect(Collectors.toMap(Appraisal::device, Function.identity()));
  }

  private Appraisal appraised(
      UUID device, Credential credential, String mediaType, byte[] octets, Actor actor) {
    // 1. The evidence is this device's own. Before the nonce is looked at: nobody burns another's
    // challenge.
    if (!credential.subject().equals(CertificateSubject.device(device))) {
      throw new IllegalArgumentException(
          "a credential of " + credential.subject() + " for evidence of " + device);
    }
    EvidenceVerifier verifier = verifiers.get(mediaType);
    if (verifier == null) {
      throw new Refusal(
          AttestationProblem.UNSUPPORTED_EVIDENCE,
          "Send evidence as "
              + String.join(" or ", verifiers.keySet().stream().sorted().toList()) + ".");
    }
    Authentic authentic = verifier.authenticate(new Presenter(device, credential), octets);

    // 2. It answers an open challenge, once: this commits even when the content is refused.
    Instant now = now();
    if (!transactions.begin(() -> store.consume(digest(authentic.nonce()), device, now))) {
      throw new Refusal(
          AttestationProblem.WRONG_NONCE,
          "The nonce is not this device's, was answered before or has expired; ask for a new challenge.");
    }

    // 3. Appraised against the profile's reference values.
    DeviceProfile profile = profile(devices.get(device));
    Findings findings = authentic.appraise(profile, now);
    UUID id = ids.next();
    Instant expiresAt = earlier(now.plus(profile.appraisalValidity()), authentic.end());

    // 4. Signed, outside any transaction.
    String ear = results.issue(new EarIssuer.Result(
        id,
        device,
        credential.thumbprint(),
        authentic.nonce(),
        findings.submodule(),
        findings.status(),
        findings.claims(),
        findings.observed(),
        findings.policyIds(),
        now,
        expiresAt));
    Appraisal appraisal = new Appraisal(
        id, device, findings.status(), findings.claims(), findings.observed(), now, expiresAt, ear);

    // 5. Recorded, unless device or certificate lost the right to attest meanwhile.
    Evidence evidence =
        new Evidence(ids.next(), device, credential.thumbprint(), mediaType, octets, now);
    return transactions.begin(() -> record(evidence, authentic, appraisal, actor));
  }

  private Appraisal record(
      Evidence evidence, Authentic authentic, Appraisal appraisal, Actor actor) {
    devices.require(devices.lock(evidence.device()), Operation.ATTEST);
    boolean revoked = credentials
        .byThumbprint(evidence.credential())
        .map(credential -> credential.revocation() != null)
        .orElse(true);
    if (revoked) {
      throw new Refusal(
          AttestationProblem.REVOKED_CREDENTIAL,
          "The certificate was revoked while the evidence was appraised.");
    }
    authentic.keep(appraisal.at());
    store.add(evidence, appraisal);
    audit.record(Fact.of("device.appraised", actor, "device", appraisal.device())
        .with("status", appraisal.status().word())
        .with("appraisal", appraisal.id())
        .with("not_affirming", notAffirming(appraisal))
        .with("expires_at", appraisal.expiresAt())
        .with("credential", evidence.credential())
        .with("evidence", Digest.of(evidence.octets())));
    return appraisal;
  }

  /** For instance {@code executables=96 hardware=0}. */
  private static String notAffirming(Appraisal appraisal) {
    return new TreeMap<>(appraisal.claims())
        .entrySet().stream()
            .filter(claim -> claim.getValue().tier() != TrustTier.AFFIRMING)
            .map(claim -> claim.getKey() + "=" + claim.getValue().value())
            .collect(Collectors.joining(" "));
  }

  private DeviceProfile profile(Device device) {
    return profiles
        .find(device.profile())
        .orElseThrow(() -> new Refusal(
            DeviceProblem.UNKNOWN_PROFILE,
            "The device profile " + device.profile()
                + " is not there; an operator has to apply it."));
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private static Digest digest(String nonce) {
    return Digest.of(nonce.getBytes(StandardCharsets.UTF_8));
  }

  private static Instant earlier(Instant one, Instant other) {
    return (one.isBefore(other) ? one : other).truncatedTo(ChronoUnit.MICROS);
  }
}

package io.sallyport.decision;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.attestation.TrustTier;
import io.sallyport.decision.Fleet.ProfilePolicies;
import io.sallyport.decision.FleetDevice.LiveCredential;
import io.sallyport.decision.FleetDevice.Standing;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.policy.Explanation;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.Verdict.Essential;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Decides over the {@link Fleet}. Default deny; an error denies (law 6). */
@Singleton
final class FleetDecisionPoint implements DecisionPoint {
  private static final Logger LOG = Logger.getLogger(FleetDecisionPoint.class);
  /** The longest DNS name in text (RFC 1035 §2.3.4); longer input is not worth an evaluation. */
  private static final int LONGEST_PEER = 253;

  private final Fleet fleet;
  private final EssentialUses essentials;
  private final DecisionLog log;
  private final DecisionSettings settings;
  private final Clock clock;
  private final Ids ids;
  private final Counter permits;
  private final Counter essentialPermits;
  private final Counter denials;
  private final Counter staleDenials;
  private final Counter failures;

  FleetDecisionPoint(
      Fleet fleet,
      EssentialUses essentials,
      DecisionLog log,
      DecisionSettings settings,
      Clock clock,
      Ids ids,
      MeterRegistry metrics) {
    this.fleet = fleet;
    this.essentials = essentials;
    this.log = log;
    this.settings = settings;
    this.clock = clock;
    this.ids = ids;
    Gauge.builder("sallyport.decision.lag", this, point -> seconds(point.lag()))
        .description("Since this node last confirmed that it is current")
        .baseUnit("seconds")
        .register(metrics);
    this.permits = counter(metrics, "permit");
    this.essentialPermits = counter(metrics, "essential");
    this.denials = counter(metrics, "deny");
    this.staleDenials = counter(metrics, "stale");
    this.failures = counter(metrics, "error");
  }

  private static Counter counter(MeterRegistry metrics, String outcome) {
    return Counter.builder("sallyport.decisions")
        .description("Decisions by outcome")
        .tag("outcome", outcome)
        .register(metrics);
  }

  private static double seconds(Duration lag) {
    return lag.getSeconds() + lag.getNano() / 1e9;
  }

  @Override
  public Decision decide(UUID device, @Nullable RequestedFlow flow, Actor asker) {
    return decide(device, null, flow, asker);
  }

  @Override
  public Decision decide(Digest thumbprint, @Nullable RequestedFlow flow, Actor asker) {
    return decide(fleet.holder(thumbprint), thumbprint, flow, asker);
  }

  @Override
  public Decision decide(CertificateName certificate, @Nullable RequestedFlow flow, Actor asker) {
    Digest thumbprint = fleet.thumbprint(certificate);
    return decide(thumbprint == null ? null : fleet.holder(thumbprint), thumbprint, flow, asker);
  }

  @Override
  public Optional<Explanation> explain(UUID id, @Nullable RequestedFlow flow) {
    FleetDevice device = fleet.device(id);
    PolicySet policies = fleet.policies();
    ProfilePolicies profile =
        device == null ? null : fleet.profile(device.subject().profile());
    if (device == null || policies == null || profile == null || isDoubtful(id)) {
      return Optional.empty();
    }
    return Optional.of(policies.explain(question(device, profile, flow, clock.instant())));
  }

  @Override
  public Optional<String> site(UUID device) {
    return Optional.ofNullable(fleet.device(device))
        .map(known -> known.subject().site());
  }

  @Override
  public Optional<DeviceState> state(UUID device) {
    return Optional.ofNullable(fleet.device(device)).map(FleetDevice::state);
  }

  @Override
  public Optional<UUID> holder(Digest thumbprint) {
    return Optional.ofNullable(fleet.holder(thumbprint));
  }

  @Override
  public boolean isDoubtful(UUID device) {
    if (fleet.isDoubtful(new Part.OfDevice(device))) {
      return true;
    }
    FleetDevice known = fleet.device(device);
    if (known == null) {
      return false;
    }
    String profile = known.subject().profile();
    return fleet.profile(profile) == null || fleet.isDoubtful(new Part.OfProfile(profile));
  }

  @Override
  public Optional<Boolean> compliant(UUID device) {
    FleetDevice known = fleet.device(device);
    if (known == null) {
      return Optional.empty();
    }
    Posture posture = known.posture(clock.instant());
    return Optional.of(known.state().may(Operation.CONNECT)
        && (posture == null || !posture.status().equals(TrustTier.CONTRAINDICATED.word())));
  }

  @Override
  public Optional<Digest> thumbprint(CertificateName name) {
    return Optional.ofNullable(fleet.thumbprint(name));
  }

  @Override
  public long position() {
    return fleet.position();
  }

  @Override
  public Duration lag() {
    // Read before the clock: in the other order a confirmation in between would look like a clock
    // that went back.
    Instant confirmed = fleet.confirmed();
    return confirmed == null
        ? ChronoUnit.FOREVER.getDuration()
        : Duration.between(confirmed, clock.instant());
  }

  private Decision decide(
      @Nullable UUID device,
      @Nullable Digest thumbprint,
      @Nullable RequestedFlow flow,
      Actor asker) {
    Instant confirmed = fleet.confirmed();
    Instant now = clock.instant();
    Inquiry inquiry = new Inquiry(ids.next(), device, thumbprint, flow, now);
    Decision decision;
    try {
      if (isCurrent(confirmed, now)) {
        decision = judge(inquiry, now);
        (decision.permit() ? permits : denials).increment();
      } else {
        decision = judgeStale(inquiry, confirmed);
        (decision.permit() ? essentialPermits : staleDenials).increment();
      }
    } catch (RuntimeException | StackOverflowError e) {
      LOG.errorf(e, "Decision %s failed and denies", inquiry.id);
      decision = deny(inquiry, "error: the decision could not be made");
      failures.increment();
    }
    log.add(decision, thumbprint, flow, now, asker);
    return decision;
  }

  private boolean isCurrent(@Nullable Instant confirmed, Instant now) {
    // A clock that went back says nothing about the age of what is in memory.
    return confirmed != null
        && !now.isBefore(confirmed)
        && Duration.between(confirmed, now).compareTo(settings.confirmWithin()) <= 0;
  }

  /** Law 6: what an essential flow had at the last confirmed instant, it keeps for a while. */
  private Decision judgeStale(Inquiry inquiry, @Nullable Instant confirmed) {
    if (confirmed == null) {
      return deny(inquiry, "stale: this node has not loaded the fleet yet");
    }
    Duration lag = Duration.between(confirmed, inquiry.now);
    if (inquiry.flow != null && inquiry.device != null && !lag.isNegative()) {
      Decision last = judge(inquiry, confirmed);
      Essential essential = last.verdict().essential();
      if (last.permit() && essential != null && lag.compareTo(essential.longest()) <= 0) {
        essentials.used(inquiry.device, inquiry.flow, essential, inquiry.now);
        return new Decision(
            inquiry.id,
            inquiry.device,
            true,
            List.of("stale, but the flow is essential (owner " + essential.owner()
                + "): permitted as of " + confirmed),
            last.verdict(),
            last.appraisal(),
            inquiry.now);
      }
    }
    return deny(
        inquiry, "stale: this node was last confirmed current " + lag.toSeconds() + " s ago");
  }

  private Decision judge(Inquiry inquiry, Instant time) {
    if (inquiry.device == null) {
      return deny(inquiry, "unknown certificate: no device has it as its live one");
    }
    FleetDevice device = fleet.device(inquiry.device);
    if (fleet.isDoubtful(Part.POLICIES)) {
      return deny(inquiry, "unconfirmed: a change of the policies could not be read yet");
    }
    if (fleet.isDoubtful(Part.AUTHORITIES)) {
      return deny(inquiry, "unconfirmed: a change of the authorities could not be read yet");
    }
    if (fleet.isDoubtful(new Part.OfDevice(inquiry.device))) {
      return deny(inquiry, "unconfirmed device: a change of it could not be read yet");
    }
    PolicySet policies = fleet.policies();
    if (device == null) {
      return deny(inquiry, "unknown device: not registered, or not enrolled yet");
    }
    String name = device.subject().profile();
    ProfilePolicies profile = fleet.profile(name);
    if (policies == null) {
      return deny(inquiry, "unconfirmed: the policies are not loaded");
    }
    if (profile == null || fleet.isDoubtful(new Part.OfProfile(name))) {
      return deny(inquiry, "unconfirmed device: its profile could not be read yet");
    }
    if (!device.state().may(Operation.CONNECT)) {
      // The quarantine network is for a device that is known, not for whoever has an old
      // certificate.
      Verdict verdict = device.state() == DeviceState.QUARANTINED
              && device.liveCredential(inquiry.thumbprint, time, fleet.revokedIssuers()) != null
          ? policies.evaluate(question(device, profile, inquiry.flow, time))
          : none(policies.hash());
      return deny(
          inquiry, verdict, List.of("state: the device is " + device.state().word()));
    }
    LiveCredential credential =
        device.liveCredential(inquiry.thumbprint, time, fleet.revokedIssuers());
    if (credential == null) {
      return deny(inquiry, "credential: the device has no live certificate");
    }
    if (inquiry.flow != null && inquiry.flow.peer().length() > LONGEST_PEER) {
      return deny(inquiry, "flow: a peer has at most " + LONGEST_PEER + " characters");
    }
    return weigh(
        inquiry,
        device,
        credential,
        policies.evaluate(question(device, profile, inquiry.flow, time)),
        time);
  }

  private static Decision weigh(
      Inquiry inquiry,
      FleetDevice device,
      LiveCredential credential,
      Verdict verdict,
      Instant time) {
    if (!verdict.permit()) {
      return deny(inquiry, verdict, verdict.reasons());
    }
    Instant end = verdict.validUntil();
    if (end != null && !time.isBefore(end)) {
      return deny(inquiry, verdict, List.of("posture: what the permit rests on ended at " + end));
    }
    Standing standing = device.standing();
    return new Decision(
        inquiry.id,
        inquiry.device,
        true,
        verdict.reasons(),
        verdict,
        standing == null ? null : standing.appraisal(),
        end == null || credential.notAfter().isBefore(end) ? credential.notAfter() : end);
  }

  private static Question question(
      FleetDevice device, ProfilePolicies profile, @Nullable RequestedFlow flow, Instant time) {
    Subject subject = device.subject();
    if (profile.policies() != null) {
      subject = new Subject(
          subject.id(),
          subject.manufacturer(),
          subject.model(),
          subject.serialNumber(),
          subject.profile(),
          subject.owner(),
          subject.site(),
          subject.labels(),
          subject.state(),
          profile.policies());
    }
    return new Question(subject, device.posture(time), flow, time);
  }

  private Decision deny(Inquiry inquiry, String reason) {
    PolicySet policies = fleet.policies();
    return deny(inquiry, none(policies == null ? "" : policies.hash()), List.of(reason));
  }

  /** Denies with what the policy said of it, of which nothing that permits is left. */
  private static Decision deny(Inquiry inquiry, Verdict verdict, List<String> reasons) {
    Verdict denied = new Verdict(
        false,
        reasons,
        verdict.policy(),
        verdict.policyHash(),
        List.of(),
        null,
        null,
        null,
        verdict.quarantineVlan(),
        null);
    return new Decision(inquiry.id, inquiry.device, false, reasons, denied, null, null);
  }

  private static Verdict none(String policyHash) {
    return new Verdict(
        false, List.of("denied"), null, policyHash, List.of(), null, null, null, null, null);
  }

  /** What was asked, when, and the decision's id. */
  private record Inquiry(
      UUID id,
      @Nullable UUID device,
      @Nullable Digest thumbprint,
      @Nullable RequestedFlow flow,
      Instant now) {}
}

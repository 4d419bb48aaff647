package io.sallyport.decision;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.attestation.TrustTier;
import io.sallyport.decision.Fleet.ProfilePolicies;
import io.sallyport.decision.Judge.Inquiry;
import io.sallyport.decision.Judge.Judged;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.policy.CanaryPolicies;
import io.sallyport.policy.Explanation;
import io.sallyport.policy.Explanation.Unmet;
import io.sallyport.policy.Forbidden;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.RequestedFlow;
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
  private static final UUID NOT_LOGGED = new UUID(0, 0);

  private final Fleet fleet;
  private final Judge judge;
  private final EssentialUses essentials;
  private final ObservedFlows observed;
  private final CanaryCounts canaries;
  private final DecisionLog log;
  private final DecisionSettings settings;
  private final Clock clock;
  private final Ids ids;
  private final Counter permits;
  private final Counter essentialPermits;
  private final Counter denials;
  private final Counter staleDenials;
  private final Counter failures;
  private final Counter unlogged;

  FleetDecisionPoint(
      Fleet fleet,
      EssentialUses essentials,
      ObservedFlows observed,
      CanaryCounts canaries,
      DecisionLog log,
      DecisionSettings settings,
      Clock clock,
      Ids ids,
      MeterRegistry metrics) {
    this.fleet = fleet;
    this.judge = new Judge(fleet);
    this.essentials = essentials;
    this.observed = observed;
    this.canaries = canaries;
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
    this.unlogged = counter(metrics, "unlogged");
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
  public Optional<Decision> lookAgain(Digest thumbprint, @Nullable RequestedFlow flow) {
    Instant confirmed = fleet.confirmed();
    Instant now = clock.instant();
    if (!isCurrent(confirmed, now)) {
      return Optional.empty();
    }
    try {
      return Optional.of(judge.judge(
          new Inquiry(NOT_LOGGED, fleet.holder(thumbprint), thumbprint, flow, Place.UNKNOWN), now));
    } catch (RuntimeException | StackOverflowError e) {
      // Decided again, that is denied, logged and told.
      return Optional.empty();
    }
  }

  @Override
  public List<Unmet> unmet(UUID id, @Nullable RequestedFlow flow) {
    return asked(id, flow).map(asked -> asked.policies.unmet(asked.question)).orElse(List.of());
  }

  @Override
  public Optional<Explanation> explain(UUID id, @Nullable RequestedFlow flow) {
    return asked(id, flow).map(asked -> asked.policies.explain(asked.question));
  }

  @Override
  public Forbidden forbidden(UUID id) {
    return asked(id, null)
        .map(asked -> asked.policies.forbidden(asked.question))
        .orElse(Forbidden.NOTHING);
  }

  /** A question, and the policies that it is for. */
  private record Asked(PolicySet policies, Question question) {}

  private Optional<Asked> asked(UUID id, @Nullable RequestedFlow flow) {
    FleetDevice device = fleet.device(id);
    PolicySet policies = fleet.policies();
    ProfilePolicies profile = device == null ? null : fleet.profile(device.profile());
    if (device == null || policies == null || profile == null || isDoubtful(id)) {
      return Optional.empty();
    }
    Inquiry inquiry = new Inquiry(NOT_LOGGED, id, null, flow, Place.UNKNOWN);
    return Optional.of(
        new Asked(policies, Judge.question(device, profile, inquiry, clock.instant())));
  }

  @Override
  public Optional<String> site(UUID device) {
    return Optional.ofNullable(fleet.device(device)).map(known -> known.site());
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
    String profile = known.profile();
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
    Inquiry inquiry = new Inquiry(ids.next(), device, thumbprint, flow, place(asker));
    Judged judged;
    Counter outcome;
    try {
      if (isCurrent(confirmed, now)) {
        judged = judge.judged(inquiry, now);
        outcome = judged.decision().permit() ? permits : denials;
        count(inquiry, judged);
      } else {
        judged = new Judged(judgeStale(inquiry, confirmed, now), null);
        outcome = judged.decision().permit() ? essentialPermits : staleDenials;
      }
    } catch (RuntimeException | StackOverflowError e) {
      LOG.errorf(e, "Decision %s failed and denies", inquiry.id());
      judged = new Judged(judge.unknown(inquiry, "error: the decision could not be made"), null);
      outcome = failures;
    }
    Decision decision = judged.decision();
    if (log.wants(decision)
        && !log.add(new Answered(
            decision, thumbprint, flow, inquiry.place(), now, asker, judged.question()))) {
      decision = judge.unknown(
          inquiry, "unlogged: the decision log has no room, and nothing is decided without it");
      outcome = unlogged;
    }
    outcome.increment();
    if (flow != null && decision.permit() && !decision.verdict().observed().isEmpty()) {
      observe(decision, flow, now);
    }
    return decision;
  }

  @Override
  public boolean mayWait() {
    return log.mayWait();
  }

  /** Costs a look at what is in memory while nothing is tried. */
  private void count(Inquiry inquiry, Judged judged) {
    Question question = judged.question();
    if (question != null && fleet.policies() instanceof CanaryPolicies canary) {
      canaries.decided(
          canary, question, judged.decision().permit(), inquiry.id().getLeastSignificantBits());
    }
  }

  private void observe(Decision decision, RequestedFlow flow, Instant now) {
    FleetDevice device = decision.device() == null ? null : fleet.device(decision.device());
    if (device != null) {
      observed.seen(device.id(), device.profile(), flow, decision.verdict().observed(), now);
    }
  }

  private static Place place(Actor asker) {
    return asker.kind() == Actor.Kind.ENFORCEMENT_POINT
        ? new Place(asker.id(), null)
        : Place.UNKNOWN;
  }

  private boolean isCurrent(@Nullable Instant confirmed, Instant now) {
    // A clock that went back says nothing about the age of what is in memory.
    return confirmed != null
        && !now.isBefore(confirmed)
        && Duration.between(confirmed, now).compareTo(settings.confirmWithin()) <= 0;
  }

  /** Law 6: what an essential flow had at the last confirmed instant, it keeps for a while. */
  private Decision judgeStale(Inquiry inquiry, @Nullable Instant confirmed, Instant now) {
    if (confirmed == null) {
      return judge.unknown(inquiry, "stale: this node has not loaded the fleet yet");
    }
    Duration lag = Duration.between(confirmed, now);
    if (inquiry.flow() != null && inquiry.device() != null && !lag.isNegative()) {
      Decision last = judge.judge(inquiry, confirmed);
      Essential essential = last.verdict().essential();
      if (last.permit() && essential != null && lag.compareTo(essential.longest()) <= 0) {
        essentials.used(inquiry.device(), inquiry.flow(), essential, now);
        return new Decision(
            inquiry.id(),
            inquiry.device(),
            true,
            List.of("stale, but the flow is essential (owner " + essential.owner()
                + "): permitted as of " + confirmed),
            last.verdict(),
            last.appraisal(),
            now);
      }
    }
    return judge.unknown(
        inquiry, "stale: this node was last confirmed current " + lag.toSeconds() + " s ago");
  }
}

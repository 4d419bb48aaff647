package io.sallyport.policy;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.CanaryPolicies.Share;
import io.sallyport.policy.PolicyVersions.Outcome;
import io.sallyport.policy.PolicyVersions.Terms;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** Canaries in the database. */
@ApplicationScoped
class StoredPolicyCanaries implements PolicyCanaries {
  private static final int MOST_NOTE = 255;

  private final PolicyRows rows;
  private final CanaryRows canaries;
  private final StoredPolicyVersions versions;
  private final Audit audit;
  private final Clock clock;

  StoredPolicyCanaries(
      PolicyRows rows,
      CanaryRows canaries,
      StoredPolicyVersions versions,
      Audit audit,
      Clock clock) {
    this.rows = rows;
    this.canaries = canaries;
    this.versions = versions;
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Canary begin(Trial trial, Actor actor) {
    Instant now = now();
    Instant until = trial.until().truncatedTo(ChronoUnit.MICROS);
    if (!until.isAfter(now) || until.isAfter(now.plus(LONGEST))) {
      throw new Refusal(
          CommonProblem.INVALID,
          "until must be a moment to come within " + LONGEST.toDays()
              + " days; it is then abandoned by itself.");
    }
    Share share = trial.share();
    if (share.percent() < 1 || share.percent() > 100) {
      throw new Refusal(CommonProblem.INVALID, "percent must be a whole number from 1 to 100.");
    }
    rows.lockChanges();
    end(now);
    canaries.requireNone();
    Outcome would = versions.check(trial.documents(), trial.whole(), Terms.ANY);
    if (would.changes().isEmpty()) {
      throw new Refusal(
          CommonProblem.CONFLICT, "These documents are in force already; there is nothing to try.");
    }
    versions.keep(trial.documents(), actor, now);
    String note = trial.note();
    Canary canary = new Canary(
        canaries.newest().map(Canary::number).orElse(0L) + 1,
        would.replaced(),
        would.set(),
        share,
        now,
        actor.toString(),
        until,
        null,
        null,
        note.length() > MOST_NOTE ? note.substring(0, MOST_NOTE) : note,
        would.changes(),
        List.of());
    canaries.insert(canary);
    audit.record(fact("begun", canary, actor)
        .with("percent", share.percent())
        .with("until", until)
        .with("changed", would.changes().size())
        .with("note", canary.note()));
    return canaries.newest().orElseThrow();
  }

  private static Fact fact(String what, Canary canary, Actor actor) {
    return Fact.of("policy-canary." + what, actor, "policy-canary", Long.toString(canary.number()))
        .with("base", canary.base())
        .with("candidate", canary.candidate());
  }

  @Override
  @Transactional
  public Optional<Canary> newest() {
    return canaries.newest();
  }

  @Override
  @Transactional
  public Outcome promote(Actor actor) {
    rows.lockChanges();
    Instant now = now();
    Canary live = live(now);
    canaries.end(live.number(), now, "promoted");
    audit.record(fact("promoted", live, actor));
    return versions.promote(live, actor);
  }

  @Override
  @Transactional
  public Canary abandon(Actor actor) {
    rows.lockChanges();
    Instant now = now();
    Canary live = live(now);
    canaries.end(live.number(), now, "abandoned");
    audit.record(fact("abandoned", live, actor));
    return canaries.newest().orElseThrow();
  }

  private Canary live(Instant now) {
    return canaries
        .live(now)
        .orElseThrow(() -> new Refusal(
            CommonProblem.NOT_FOUND, "No policies are tried on a share of the fleet at present."));
  }

  @Override
  @Transactional
  public void expire() {
    Instant now = now();
    if (isOver(now).isPresent()) {
      rows.lockChanges();
      end(now);
    }
  }

  private Optional<Canary> isOver(Instant now) {
    return canaries
        .newest()
        .filter(canary -> canary.endedAt() == null && !now.isBefore(canary.until()));
  }

  private void end(Instant now) {
    isOver(now)
        .filter(canary -> canaries.end(canary.number(), now, "expired"))
        .ifPresent(canary -> audit.record(fact("expired", canary, Actor.SERVER)));
  }

  @Override
  @Transactional
  public void count(long canary, List<Side> sides) {
    sides.forEach(side -> canaries.count(canary, side));
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}

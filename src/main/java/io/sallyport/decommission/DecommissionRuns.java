package io.sallyport.decommission;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.enforcement.AddressBindings;
import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.enforcement.AddressBindings.Source;
import io.sallyport.enforcement.Enforcements;
import io.sallyport.enforcement.Enforcements.Enforcement;
import io.sallyport.enforcement.Enforcements.Outcome;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.RevocationReason;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Runs as rows: whatever is not done yet is there for whoever takes it up. */
@ApplicationScoped
class DecommissionRuns implements Decommissions {
  /** After these nothing that the device says counts, and it must not get the time. */
  private static final Set<RevocationReason> COMPROMISED = Set.of(
      RevocationReason.KEY_COMPROMISE,
      RevocationReason.CA_COMPROMISE,
      RevocationReason.AA_COMPROMISE);

  private static final int LONGEST_DETAIL = 500;

  private final EntityManager entities;
  private final Devices devices;
  private final Credentials credentials;
  private final Enforcements enforcements;
  private final AddressBindings bindings;
  private final Audit audit;
  private final Clock clock;

  DecommissionRuns(
      EntityManager entities,
      Devices devices,
      Credentials credentials,
      Enforcements enforcements,
      AddressBindings bindings,
      Audit audit,
      Clock clock) {
    this.entities = entities;
    this.devices = devices;
    this.credentials = credentials;
    this.enforcements = enforcements;
    this.bindings = bindings;
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Device start(
      UUID device, RevocationReason reason, String note, @Nullable Duration wipe, Actor actor) {
    if (wipe != null && (wipe.isNegative() || wipe.compareTo(LONGEST_WIPE) > 0)) {
      throw new Refusal(
          DecommissionProblem.INVALID_WIPE,
          "The time for a wipe must lie between PT0S and " + LONGEST_WIPE + ".");
    }
    // Locked before its state is looked at: of two at once, the second finds it started.
    Device known = devices.lock(device);
    RunRow before = entities.find(RunRow.class, device, LockModeType.PESSIMISTIC_WRITE);
    if (before != null) {
      // A compromise that is learnt of while a wipe is waited for ends the wait.
      if (before.committedAt == null && COMPROMISED.contains(reason)) {
        before.reason = reason;
        skipWipe(before, "a compromise became known", actor);
        commit(before, actor);
      }
      return devices.get(device);
    }
    Instant now = now();
    RunRow run = new RunRow(device, reason, note, actor, now);
    entities.persist(run);
    audit.record(Fact.of("decommission.started", actor, "device", device)
        .with("reason", reason)
        .with("note", note)
        .with("wipe", wipe == null ? "none" : wipe));
    if (wipe == null || wipe.isZero()) {
      skipWipe(run, "no wipe was asked for", actor);
    } else if (COMPROMISED.contains(reason)) {
      skipWipe(run, "after a compromise nothing that the device says counts", actor);
    } else if (known.state() == DeviceState.EXPECTED || known.state() == DeviceState.SUSPENDED) {
      skipWipe(run, "the device was " + known.state().word() + " and has no channel", actor);
    } else {
      run.wipe(StepState.OPEN, now, null, "ordered; the device has not confirmed it yet");
      run.wipeDeadline = now.plus(wipe);
      return devices.wipe(device, note, actor);
    }
    commit(run, actor);
    return devices.get(device);
  }

  private void skipWipe(RunRow run, String why, Actor actor) {
    run.wipe(StepState.SKIPPED, now(), null, why);
    audit.record(
        Fact.of("decommission.wipe-skipped", actor, "device", run.device).with("because", why));
  }

  /** Denies and revokes, and notes what every point has to be told, in the caller's one transaction. */
  private void commit(RunRow run, Actor actor) {
    devices.decommission(run.device, run.note, actor);
    credentials.revokeAll(CertificateSubject.device(run.device), run.reason, actor);
    enforcements.withdraw(run.device, "device.decommissioned");
    run.committedAt = now();
  }

  @Override
  @Transactional
  public Optional<WipeOrder> wipeOrder(UUID device) {
    return Optional.ofNullable(entities.find(RunRow.class, device))
        .filter(run -> run.wipeState == StepState.OPEN)
        .map(run -> new WipeOrder(
            device, run.startedAt, java.util.Objects.requireNonNull(run.wipeDeadline)));
  }

  @Override
  @Transactional
  public void wiped(UUID device, boolean success, String detail, Actor actor) {
    devices.lock(device);
    RunRow run = entities.find(RunRow.class, device, LockModeType.PESSIMISTIC_WRITE);
    if (run == null || run.wipeDeadline == null) {
      throw new Refusal(
          DecommissionProblem.NO_WIPE_ORDER, "This device was not told to wipe itself.");
    }
    if (run.wipeState != StepState.OPEN) {
      return;
    }
    String text = detail.length() <= LONGEST_DETAIL ? detail : detail.substring(0, LONGEST_DETAIL);
    run.wipe(
        success ? StepState.DONE : StepState.UNCONFIRMED,
        now(),
        actor.toString(),
        success ? "confirmed: " + text : "failed: " + text);
    audit.record(Fact.of(
            success ? "decommission.wipe-confirmed" : "decommission.wipe-failed",
            actor,
            "device",
            device)
        .with("detail", text));
    commit(run, Actor.SERVER);
  }

  /** Runs that can go on now, in an order of no meaning: those that only wait for a wipe are not among them. */
  @Transactional
  List<UUID> ready(UUID after, int limit) {
    return entities
        .createQuery(
            "select r.device from RunRow r where r.finishedAt is null and r.device > :after"
                + " and (r.committedAt is not null or r.wipeDeadline <= :now) order by r.device",
            UUID.class)
        .setParameter("after", after)
        .setParameter("now", now())
        .setMaxResults(limit)
        .getResultList();
  }

  /** Takes a run as far as it goes now. */
  @Transactional
  void goOn(UUID device) {
    // There since the commit that began the run; locked in the order that everybody keeps.
    ReplacementRow replaced = entities.find(ReplacementRow.class, device);
    devices.lockAll(replaced == null ? Set.of(device) : Set.of(device, replaced.spare));
    RunRow run = entities.find(RunRow.class, device, LockModeType.PESSIMISTIC_WRITE);
    if (run == null || run.finishedAt != null) {
      return;
    }
    Instant now = now();
    if (run.wipeState == StepState.OPEN
        && run.wipeDeadline != null
        && !now.isBefore(run.wipeDeadline)) {
      run.wipe(StepState.UNCONFIRMED, now, null, "the deadline passed without a confirmation");
      audit.record(Fact.of("decommission.wipe-unconfirmed", Actor.SERVER, "device", device)
          .with("deadline", run.wipeDeadline));
      commit(run, Actor.SERVER);
    }
    if (run.committedAt == null) {
      return;
    }
    List<Enforcement> told = told(run);
    if (told.stream().anyMatch(one -> one.outcome() == Outcome.PENDING)) {
      return;
    }
    long unconfirmed = unconfirmed(told);
    run.finishedAt = now;
    // Not before: until it has cut the device off, a point has to know its addresses.
    List<AddressBinding> left = bindings.live(device);
    left.forEach(
        live -> bindings.withdraw(live.id(), "the device was decommissioned", Actor.SERVER));
    if (replaced != null) {
      handOver(left, replaced.spare);
    }
    run.finishDetail = unconfirmed == 0
        ? told.size() + " withdrawals confirmed"
        : unconfirmed + " of " + told.size() + " withdrawals unconfirmed; they are tried on";
    audit.record(Fact.of("decommission.finished", Actor.SERVER, "device", device)
        .with("withdrawals", told.size())
        .with("unconfirmed", unconfirmed)
        .with("wipe", run.wipeState.word()));
  }

  /** The addresses of a device that was replaced stand for the one in its place, if that is still there. */
  private void handOver(List<AddressBinding> left, UUID spare) {
    DeviceState state = devices.lock(spare).state();
    if (state == DeviceState.WIPING || state == DeviceState.DECOMMISSIONED) {
      return;
    }
    for (AddressBinding one : left) {
      bindings.bind(
          spare, one.address(), one.segment(), Source.STATIC, null, one.until(), Actor.SERVER);
    }
  }

  @Override
  @Transactional
  public Optional<Run> find(UUID device) {
    return Optional.ofNullable(entities.find(RunRow.class, device)).map(this::run);
  }

  private Run run(RunRow row) {
    List<Enforcement> told = row.committedAt == null ? List.of() : told(row);
    boolean committed = row.committedAt != null;
    Step wipe = new Step(StepName.WIPE, row.wipeState, row.wipeAt, row.wipeBy, row.wipeDetail);
    Step commit = new Step(
        StepName.DENY_AND_REVOKE,
        committed ? StepState.DONE : StepState.WAITING,
        row.committedAt,
        committed ? Actor.SERVER.toString() : null,
        committed
            ? "denied by the committing node at once; all certificates revoked"
            : "waits for the wipe, until " + row.wipeDeadline);
    Step tombstone = new Step(
        StepName.TOMBSTONE,
        row.finishedAt != null ? StepState.DONE : StepState.WAITING,
        row.finishedAt,
        row.finishedAt != null ? Actor.SERVER.toString() : null,
        row.finishDetail == null ? "waits for the enforcement points" : row.finishDetail);
    return new Run(
        row.device,
        row.reason,
        row.note,
        row.startedBy,
        row.startedAt,
        row.finishedAt,
        List.of(wipe, commit, tell(committed, told), tombstone),
        told);
  }

  private static Step tell(boolean committed, List<Enforcement> told) {
    if (!committed) {
      return new Step(StepName.TELL, StepState.WAITING, null, null, "waits for the commit");
    }
    long unconfirmed = unconfirmed(told);
    boolean pending = told.stream().anyMatch(one -> one.outcome() == Outcome.PENDING);
    Instant last = told.stream()
        .map(Enforcement::acknowledgedAt)
        .filter(java.util.Objects::nonNull)
        .max(Instant::compareTo)
        .orElse(null);
    String detail = told.isEmpty()
        ? "no point has to be told; those that ask for each decision are denied"
        : (told.stream().filter(one -> one.outcome() == Outcome.ACKNOWLEDGED).count() + " of "
            + told.size() + " confirmed");
    return new Step(
        StepName.TELL,
        unconfirmed > 0 ? StepState.UNCONFIRMED : pending ? StepState.OPEN : StepState.DONE,
        last,
        null,
        detail);
  }

  private static long unconfirmed(List<Enforcement> told) {
    return told.stream().filter(one -> one.outcome() == Outcome.UNCONFIRMED).count();
  }

  /** What was desired since the start of the run, or was still open then. */
  private List<Enforcement> told(RunRow run) {
    return enforcements.of(run.device, Page.MOST).stream()
        .filter(one -> !one.desiredAt().isBefore(run.startedAt)
            || one.acknowledgedAt() == null
            || !one.acknowledgedAt().isBefore(run.startedAt))
        .toList();
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}

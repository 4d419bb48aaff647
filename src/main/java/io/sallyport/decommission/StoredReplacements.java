package io.sallyport.decommission;

import io.sallyport.attestation.Attestations;
import io.sallyport.attestation.TrustTier;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.Change;
import io.sallyport.devices.Devices.Registration;
import io.sallyport.devices.HardwareUnit;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.RevocationReason;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Replacements as rows, each written in the commit that it tells of. */
@ApplicationScoped
class StoredReplacements implements Replacements {
  private static final int LONGEST_NAME = 64;

  private final EntityManager entities;
  private final Devices devices;
  private final DeviceChanges changes;
  private final Decommissions decommissions;
  private final Attestations attestations;
  private final Audit audit;
  private final Clock clock;

  StoredReplacements(
      EntityManager entities,
      Devices devices,
      DeviceChanges changes,
      Decommissions decommissions,
      Attestations attestations,
      Audit audit,
      Clock clock) {
    this.entities = entities;
    this.devices = devices;
    this.changes = changes;
    this.decommissions = decommissions;
    this.attestations = attestations;
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Replacement replace(
      UUID failed, UUID spare, boolean otherModel, String reason, Set<String> sites, Actor actor) {
    // Both at once and in one order for everybody; what they are is read behind that.
    devices.lockAll(List.of(failed, spare));
    Device old = devices.get(failed, sites);
    Device next = devices.get(spare, sites);
    ReplacementRow before = entities.find(ReplacementRow.class, failed);
    if (before != null) {
      if (before.spare.equals(spare)) {
        return before.replacement();
      }
      throw new Refusal(
          DecommissionProblem.ALREADY_REPLACED,
          "Another device took the place of " + before.name + " already.");
    }
    requireFailed(old);
    requireFit(old, next, otherModel);

    // 1. The name is free, and whoever looks for the failed one finds it.
    Replacement replacement = new Replacement(
        failed,
        spare,
        old.name(),
        reason,
        actor.toString(),
        clock.instant().truncatedTo(ChronoUnit.MICROS));
    devices.change(failed, called(former(old.name())), reason, actor);
    // 2. The spare is what the failed one was.
    Set<String> without = new HashSet<>(next.labels().keySet());
    without.removeAll(old.labels().keySet());
    changes.change(
        spare,
        new Change(old.name(), old.profile(), old.owner(), old.site(), old.labels(), without),
        reason,
        actor);
    entities.persist(new ReplacementRow(replacement));
    audit.record(Fact.of("device.took-over", actor, "device", spare)
        .with("from", failed)
        .with("name", old.name())
        .with("reason", reason));
    audit.record(Fact.of("device.replaced", actor, "device", failed)
        .with("by", spare)
        .with("name", old.name())
        .with("reason", reason));
    // 3. Nothing is left to the failed one; its addresses follow when the points have let go of it.
    decommissions.start(failed, RevocationReason.CESSATION_OF_OPERATION, reason, null, actor);
    return replacement;
  }

  private static void requireFailed(Device old) {
    if (old.state() == DeviceState.WIPING || old.state() == DeviceState.DECOMMISSIONED) {
      throw new Refusal(
          DeviceProblem.WRONG_STATE,
          "The device is " + old.state().word() + " already; register the other one in its place.");
    }
  }

  private void requireFit(Device old, Device next, boolean otherModel) {
    if (old.id().equals(next.id())) {
      throw unfit("A device cannot replace itself.");
    }
    if (next.state() != DeviceState.EXPECTED && next.state() != DeviceState.ACTIVE) {
      throw unfit("The spare is " + next.state().word() + "; take one that is expected or active.");
    }
    HardwareUnit was = old.hardware();
    HardwareUnit is = next.hardware();
    if (!otherModel
        && !(was.manufacturer().equals(is.manufacturer()) && was.model().equals(is.model()))) {
      throw unfit(
          "The spare is a " + is.manufacturer() + " " + is.model() + " and the failed one a "
              + was.manufacturer() + " " + was.model()
              + "; take one of the same model, or ask a fleet operator.");
    }
    if (tookAPlace(next.id())) {
      throw unfit("The spare stands in the place of another device already.");
    }
    if (attestations
        .latest(next.id())
        .filter(appraisal -> appraisal.status() == TrustTier.CONTRAINDICATED)
        .isPresent()) {
      throw unfit("The spare attested what its profile does not accept; have it looked at first.");
    }
  }

  private boolean tookAPlace(UUID spare) {
    return of("spare", spare).isPresent();
  }

  private Optional<ReplacementRow> of(String column, UUID device) {
    return entities
        .createQuery("from ReplacementRow where " + column + " = :device", ReplacementRow.class)
        .setParameter("device", device)
        .getResultStream()
        .findFirst();
  }

  private static Refusal unfit(String detail) {
    return new Refusal(DecommissionProblem.UNFIT_SPARE, detail);
  }

  private static Change called(String name) {
    return new Change(name, null, null, null, Map.of(), Set.of());
  }

  /** Within what a name may have. */
  private String former(String name) {
    String mark = " replaced " + LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    int most = LONGEST_NAME - mark.length();
    String cut = name.substring(
        0, name.offsetByCodePoints(0, Math.min(most, name.codePointCount(0, name.length()))));
    return cut.stripTrailing() + mark;
  }

  @Override
  @Transactional
  public Optional<Replacement> find(UUID device) {
    return Optional.ofNullable(entities.find(ReplacementRow.class, device))
        .or(() -> of("spare", device))
        .map(ReplacementRow::replacement);
  }

  @Override
  @Transactional
  public Device remanufacture(
      UUID device, NewLife life, String reason, Set<String> sites, Actor actor) {
    devices.lock(device);
    Device old = devices.get(device, sites);
    RemanufactureRow before = entities.find(RemanufactureRow.class, device);
    if (before != null) {
      return devices.get(before.next, sites);
    }
    String site = or(life.site(), old.site());
    if (!sites.isEmpty() && !sites.contains(site)) {
      throw new Refusal(CommonProblem.FORBIDDEN, "The site \"" + site + "\" is not one of yours.");
    }
    if (old.state() == DeviceState.WIPING) {
      throw new Refusal(
          DeviceProblem.WRONG_STATE,
          "The device was told to wipe itself; wait for the end of its decommissioning.");
    }
    // 1. The old identity ends for good.
    if (old.state() != DeviceState.DECOMMISSIONED) {
      decommissions.start(device, RevocationReason.CESSATION_OF_OPERATION, reason, null, actor);
      entities.flush();
    }
    // 2. The unit begins again; its keys are those of the unit and stay with it.
    HardwareUnit unit = old.hardware();
    Device next = devices.register(
        new Registration(
            unit.manufacturer(),
            unit.model(),
            unit.serialNumber(),
            or(life.profile(), old.profile()),
            or(life.owner(), old.owner()),
            site,
            life.labels() == null ? old.labels() : life.labels(),
            life.name()),
        actor);
    entities.persist(new RemanufactureRow(
        device,
        next.id(),
        reason,
        actor.toString(),
        clock.instant().truncatedTo(ChronoUnit.MICROS)));
    audit.recordAll(List.of(Fact.of("device.remanufactured", actor, "device", device)
        .with("next", next.id())
        .with("reason", reason)));
    return next;
  }

  private static String or(@Nullable String wanted, String otherwise) {
    return Objects.requireNonNullElse(wanted, otherwise);
  }
}

package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

/** Waivers in the database, one per device. */
@ApplicationScoped
class StoredWaivers implements RenewalWaivers {
  private static final Duration LONGEST_LIFETIME = Duration.ofDays(30);

  private final EntityManager entities;
  private final Devices devices;
  private final Audit audit;
  private final Clock clock;

  StoredWaivers(EntityManager entities, Devices devices, Audit audit, Clock clock) {
    this.entities = entities;
    this.devices = devices;
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Waiver allow(UUID device, Duration lifetime, String reason, Actor actor) {
    if (lifetime.isNegative() || lifetime.isZero() || lifetime.compareTo(LONGEST_LIFETIME) > 0) {
      throw new Refusal(
          EnrollmentProblem.INVALID_LIFETIME, "Renewal may be allowed for 30 days at most.");
    }
    devices.require(devices.lock(device), Operation.RENEW);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    RenewalWaiverRow row =
        entities.merge(new RenewalWaiverRow(device, now, now.plus(lifetime), reason));
    audit.record(Fact.of("device.renewal-allowed", actor, "device", device)
        .with("until", row.until)
        .with("reason", reason));
    return row.waiver();
  }

  @Transactional
  boolean waived(UUID device) {
    RenewalWaiverRow row = entities.find(RenewalWaiverRow.class, device);
    return row != null && clock.instant().isBefore(row.until);
  }
}

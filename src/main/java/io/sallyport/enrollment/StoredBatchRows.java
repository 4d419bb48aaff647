package io.sallyport.enrollment;

import io.sallyport.decommission.Decommissions;
import io.sallyport.devices.BatchProblem;
import io.sallyport.devices.Batches;
import io.sallyport.devices.Batches.Row;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.BulkIssuance;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.RevocationReason;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** One commit over the row, its device and what that has. The device is locked before the order and the row, by everybody. */
@ApplicationScoped
class StoredBatchRows implements BatchRows {
  private final Batches batches;
  private final BulkIssuance bulk;
  private final Devices devices;
  private final Credentials credentials;
  private final Decommissions decommissions;

  StoredBatchRows(
      Batches batches,
      BulkIssuance bulk,
      Devices devices,
      Credentials credentials,
      Decommissions decommissions) {
    this.batches = batches;
    this.bulk = bulk;
    this.devices = devices;
    this.credentials = credentials;
    this.decommissions = decommissions;
  }

  @Override
  @Transactional
  public Row reopen(UUID batch, String key, Set<String> sites, String reason, Actor actor) {
    Device device = lock(batch, key, sites);
    Row before = batches.reopen(batch, key, bulk::underWay, reason, actor);
    devices.require(device, Operation.ENROLL);
    if (before.certificate() != null) {
      credentials.revokeAll(
          CertificateSubject.device(device.id()), RevocationReason.SUPERSEDED, actor);
    }
    return row(batch, key);
  }

  @Override
  @Transactional
  public Row giveUp(UUID batch, String key, Set<String> sites, String reason, Actor actor) {
    UUID device = lock(batch, key, sites).id();
    batches.giveUp(batch, key, bulk::underWay, reason, actor);
    decommissions.start(device, RevocationReason.CESSATION_OF_OPERATION, reason, null, actor);
    return row(batch, key);
  }

  private Device lock(UUID batch, String key, Set<String> sites) {
    devices.lock(row(batch, key).device().id());
    return devices.get(row(batch, key).device().id(), sites);
  }

  private Row row(UUID batch, String key) {
    return Optional.ofNullable(batches.rows(batch, List.of(key)).get(key))
        .orElseThrow(
            () -> new Refusal(BatchProblem.UNKNOWN_ROW, "The batch has no row \"" + key + "\"."));
  }
}

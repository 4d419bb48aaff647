package io.sallyport.decommission;

import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.RevocationReason;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.util.UUID;

/** Denies and revokes in one commit. */
@ApplicationScoped
class OneCommitDecommission implements Decommissions {
  private final Devices devices;
  private final Credentials credentials;

  OneCommitDecommission(Devices devices, Credentials credentials) {
    this.devices = devices;
    this.credentials = credentials;
  }

  @Override
  @Transactional
  public Device run(UUID device, RevocationReason reason, String note, Actor actor) {
    // Locked before its state is looked at: of two at once, the second finds it done.
    Device known = devices.lock(device);
    if (known.state() == DeviceState.DECOMMISSIONED) {
      return known;
    }
    devices.decommission(device, note, actor);
    credentials.revokeAll(CertificateSubject.device(device), reason, actor);
    return devices.get(device);
  }
}

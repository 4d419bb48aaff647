package io.sallyport.decommission;

import io.sallyport.devices.Device;
import io.sallyport.kernel.Actor;
import io.sallyport.pki.RevocationReason;
import java.util.UUID;

/** Takes everything away from a device, everywhere, in one act. */
public interface Decommissions {
  /** Decommissions the device and revokes all its certificates in one commit; idempotent. */
  Device run(UUID device, RevocationReason reason, String note, Actor actor);
}

package io.sallyport.decommission;

import io.sallyport.devices.Device;
import io.sallyport.devices.Devices.Change;
import io.sallyport.kernel.Actor;
import java.util.UUID;

/** Renames, moves, relabels a device and transfers it to another profile, with all that follows from it. */
public interface DeviceChanges {
  /**
   * Changes it in one commit. Certificates of certificate profiles that its device profile does not have any more are
   * revoked with it. Refuses with {@code unknown-profile}, {@code invalid-device}, and with {@code wrong-state} what is
   * wiping or decommissioned.
   */
  Device change(UUID device, Change change, String reason, Actor actor);
}

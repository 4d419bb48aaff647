package io.sallyport.decommission;

import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.Change;
import io.sallyport.kernel.Actor;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.RevocationReason;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.util.Set;
import java.util.UUID;

/** Changes of devices, with their certificates. */
@ApplicationScoped
class ChangedDevices implements DeviceChanges {
  private final Devices devices;
  private final DeviceProfiles profiles;
  private final Credentials credentials;

  ChangedDevices(Devices devices, DeviceProfiles profiles, Credentials credentials) {
    this.devices = devices;
    this.profiles = profiles;
    this.credentials = credentials;
  }

  @Override
  @Transactional
  public Device change(UUID device, Change change, String reason, Actor actor) {
    Device before = devices.lock(device);
    Device after = devices.change(device, change, reason, actor);
    if (!after.profile().equals(before.profile())) {
      Set<String> kept =
          Set.copyOf(profiles.find(after.profile()).orElseThrow().certificateProfiles());
      credentials.revokeOthers(device, kept, RevocationReason.CESSATION_OF_OPERATION, actor);
    }
    return devices.get(device);
  }
}

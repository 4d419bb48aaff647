package io.sallyport.decommission;

import io.sallyport.attestation.Attestations;
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
  private final Attestations attestations;

  ChangedDevices(
      Devices devices,
      DeviceProfiles profiles,
      Credentials credentials,
      Attestations attestations) {
    this.attestations = attestations;
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
      // Its posture was compared with the reference values of the other profile (law 4).
      attestations.end(device, actor);
    }
    return devices.get(device);
  }
}

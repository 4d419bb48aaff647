package io.sallyport.admin.console;

import io.sallyport.devices.DeviceState;
import java.util.List;

/** What its state allows to be done with it. */
record DeviceActs(
    boolean quarantine,
    boolean release,
    boolean suspend,
    boolean change,
    boolean decommission,
    boolean wipe) {
  static DeviceActs of(DeviceState state) {
    return new DeviceActs(
        state.canBecome(DeviceState.QUARANTINED),
        state == DeviceState.QUARANTINED || state == DeviceState.SUSPENDED,
        state.canBecome(DeviceState.SUSPENDED),
        state != DeviceState.WIPING && state != DeviceState.DECOMMISSIONED,
        state.canBecome(DeviceState.DECOMMISSIONED) && state != DeviceState.WIPING,
        state.canBecome(DeviceState.WIPING));
  }

  public List<String> wipes() {
    return List.copyOf(DevicePages.WIPES.keySet());
  }

  public List<String> reasons() {
    return DevicePages.REASONS.stream().map(DevicePages::word).toList();
  }
}

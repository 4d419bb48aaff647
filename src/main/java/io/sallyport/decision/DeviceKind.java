package io.sallyport.decision;

import io.sallyport.devices.DeviceState;
import io.sallyport.policy.Remembered;
import java.util.Map;

/**
 * What a device has in common with others.
 *
 * @param labels immutable
 */
record DeviceKind(
    String manufacturer,
    String model,
    String profile,
    String owner,
    String site,
    Map<String, String> labels,
    DeviceState state,
    Remembered remembered) {}

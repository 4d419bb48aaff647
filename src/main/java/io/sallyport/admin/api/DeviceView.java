package io.sallyport.admin.api;

import io.sallyport.devices.Device;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** A device, as people see it. */
@Schema(name = "Device")
record DeviceView(
    UUID id,
    String name,
    String manufacturer,
    String model,
    String serialNumber,
    String profile,
    String owner,
    String site,
    Map<String, String> labels,

    @Schema(
        type = SchemaType.STRING,
        enumeration = {"expected", "active", "quarantined", "suspended", "wiping", "decommissioned"
        })
    String state,

    Instant createdAt) {
  DeviceView {
    labels = Map.copyOf(labels);
  }

  static DeviceView of(Device device) {
    return new DeviceView(
        device.id(),
        device.name(),
        device.hardware().manufacturer(),
        device.hardware().model(),
        device.hardware().serialNumber(),
        device.profile(),
        device.owner(),
        device.site(),
        device.labels(),
        device.state().word(),
        device.createdAt());
  }
}

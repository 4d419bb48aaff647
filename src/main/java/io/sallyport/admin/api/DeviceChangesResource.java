package io.sallyport.admin.api;

import io.sallyport.admin.Caller;
import io.sallyport.admin.Rights.Right;
import io.sallyport.decommission.DeviceChanges;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.Change;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What a device is called, where it is, and what kind of device it is. */
@Path(Api.V1 + "/devices/{id}")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "devices")
class DeviceChangesResource {
  private final Devices devices;
  private final DeviceChanges changes;
  private final Caller caller;

  DeviceChangesResource(Devices devices, DeviceChanges changes, Caller caller) {
    this.devices = devices;
    this.changes = changes;
    this.caller = caller;
  }

  @PATCH
  @Consumes(MediaType.APPLICATION_JSON)
  @Requires(Right.CONTROL_DEVICES)
  @Operation(
      operationId = "changeDevice",
      summary = "Rename, move, relabel a device or transfer it to another profile",
      description =
          "What is left out stays; a label with the value null is taken away. Certificates that the new profile does not"
              + " allow are revoked in the same commit.")
  public DeviceView change(@PathParam("id") UUID id, @Nullable ChangedDevice body) {
    devices.get(id, caller.sites());
    ChangedDevice wanted = Fields.body(body);
    String site = optional("site", wanted.site());
    if (site != null) {
      caller.requireSite(site);
    }
    Map<String, String> labels = new HashMap<>();
    Set<String> without = new HashSet<>();
    if (wanted.labels() != null) {
      wanted.labels().forEach((name, value) -> {
        if (value == null) {
          without.add(name);
        } else {
          labels.put(name, value);
        }
      });
    }
    Change change = new Change(
        optional("name", wanted.name()),
        optional("profile", wanted.profile()),
        null,
        site,
        labels,
        without);
    String reason = wanted.reason() == null ? "" : Fields.text("reason", wanted.reason());
    return DeviceView.of(changes.change(id, change, reason, caller.actor()));
  }

  private static @Nullable String optional(String field, @Nullable String value) {
    return value == null ? null : Fields.text(field, value);
  }

  /** What is to change. */
  @Schema(name = "ChangedDevice")
  record ChangedDevice(
      @Nullable String name,
      @Nullable String profile,
      @Nullable String site,
      @Nullable Map<String, @Nullable String> labels,
      @Nullable String reason) {}
}

package io.sallyport.devices;

import io.sallyport.devices.Devices.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a change makes of a device's row. */
final class ChangedDevice {
  /** One thing that became another, as the log tells it. */
  record Changed(String kind, String from, String to) {}

  private ChangedDevice() {}

  /** Changes the row, and answers what is different now. Refuses with {@code invalid-device}. */
  static List<Changed> apply(DeviceRow row, Change change) {
    List<Changed> changed = new ArrayList<>();
    String name = change.name();
    if (name != null && !name.equals(row.name())) {
      RegistrationRules.called(name);
      changed.add(new Changed("device.renamed", row.name(), name));
      row.name = name;
    }
    String profile = change.profile();
    if (profile != null && !profile.equals(row.profile)) {
      changed.add(new Changed("device.transferred", row.profile, profile));
      row.profile = profile;
    }
    String owner = change.owner();
    if (owner != null && !owner.equals(row.owner)) {
      RegistrationRules.name("owner", owner);
      changed.add(new Changed("device.owner-changed", row.owner, owner));
      row.owner = owner;
    }
    String site = change.site();
    if (site != null && !site.equals(row.site)) {
      RegistrationRules.name("site", site);
      changed.add(new Changed("device.moved", row.site, site));
      row.site = site;
    }
    Map<String, String> labels = new TreeMap<>(row.labels);
    labels.keySet().removeAll(change.withoutLabels());
    labels.putAll(change.labels());
    if (!labels.equals(row.labels)) {
      RegistrationRules.labels(labels);
      changed.add(new Changed("device.relabelled", told(row.labels), told(labels)));
      row.labels = labels;
    }
    return changed;
  }

  /** Neither a name nor a value of a label may hold a comma or an equals sign. */
  private static String told(Map<String, String> labels) {
    return new TreeMap<>(labels)
        .entrySet().stream()
            .map(label -> label.getKey() + "=" + label.getValue())
            .collect(Collectors.joining(","));
  }

  /** What {@link #told} wrote. */
  static Map<String, String> read(String told) {
    Map<String, String> labels = new TreeMap<>();
    for (String label : told.isEmpty() ? new String[0] : told.split(",", -1)) {
      String[] parts = label.split("=", 2);
      labels.put(parts[0], Objects.requireNonNull(parts.length == 2 ? parts[1] : ""));
    }
    return labels;
  }
}

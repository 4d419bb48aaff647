package io.sallyport.devices;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

@Entity
@Table(name = "device_profile")
class DeviceProfileRow {
  @Id
  String name;

  String yaml;

  @Column(name = "applied_at")
  Instant appliedAt;

  @SuppressWarnings("NullAway.Init")
  protected DeviceProfileRow() {}

  DeviceProfileRow(String name, String yaml, Instant appliedAt) {
    this.name = name;
    this.yaml = yaml;
    this.appliedAt = appliedAt;
  }
}

package io.sallyport.devices;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "device")
class DeviceRow {
  @Id
  UUID id;

  /** None: by its serial number. */
  @Nullable
  String name;

  @ManyToOne(fetch = FetchType.EAGER, optional = false)
  @JoinColumn(name = "hardware_unit")
  HardwareUnitRow hardware;

  String profile;
  String owner;
  String site;

  @JdbcTypeCode(SqlTypes.JSON)
  Map<String, String> labels;

  @Enumerated(EnumType.STRING)
  DeviceState state;

  /** Whether it ever had a certificate, which decides where a release leads. */
  boolean enrolled;

  @Column(name = "revocation_counter")
  long revocationCounter;

  @Column(name = "created_at")
  Instant createdAt;

  @SuppressWarnings("NullAway.Init")
  protected DeviceRow() {}

  DeviceRow(
      UUID id, HardwareUnitRow hardware, Devices.Registration registration, Instant createdAt) {
    this.id = id;
    this.name = registration.name();
    this.hardware = hardware;
    this.profile = registration.profile();
    this.owner = registration.owner();
    this.site = registration.site();
    this.labels = new TreeMap<>(registration.labels());
    this.state = DeviceState.EXPECTED;
    this.createdAt = createdAt;
  }

  Device device() {
    return new Device(
        id,
        name(),
        hardware.unit(),
        profile,
        owner,
        site,
        labels,
        state,
        revocationCounter,
        createdAt);
  }

  String name() {
    return name == null ? hardware.serialNumber : name;
  }
}

package io.sallyport.devices;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;
import java.util.UUID;

@Entity
@Table(name = "hardware_unit")
class HardwareUnitRow {
  @Id
  UUID id;

  @ManyToOne(fetch = FetchType.EAGER, optional = false)
  @JoinColumn(name = "manufacturer")
  ManufacturerRow manufacturer;

  String model;

  @Column(name = "serial_number")
  String serialNumber;

  @SuppressWarnings("NullAway.Init")
  protected HardwareUnitRow() {}

  HardwareUnitRow(UUID id, ManufacturerRow manufacturer, String model, String serialNumber) {
    this.id = id;
    this.manufacturer = manufacturer;
    this.model = model;
    this.serialNumber = serialNumber;
  }

  HardwareUnit unit() {
    return new HardwareUnit(id, manufacturer.name, model, serialNumber);
  }
}

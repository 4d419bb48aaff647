package io.sallyport.devices;

import java.util.UUID;

/**
 * A physical thing, for ever (IEEE 802.1AR).
 *
 * @param manufacturer the registered manufacturer's name
 * @param serialNumber unique for the manufacturer; the IDevID's {@code serialNumber} attribute
 */
public record HardwareUnit(UUID id, String manufacturer, String model, String serialNumber) {}

package io.sallyport.door;

import io.sallyport.devices.Device;
import io.sallyport.pki.Credential;

/** A device that proved the key of one of its live certificates on this connection. */
public record DeviceCaller(Device device, Credential credential) {}

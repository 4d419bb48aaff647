/**
 * The inventory: manufacturers, device profiles, hardware units, devices and their lifecycle.
 *
 * <p>Doors: {@link io.sallyport.devices.Devices}, {@link io.sallyport.devices.Manufacturers}, {@link
 * io.sallyport.devices.DeviceProfiles}. Must not know certificates beyond trust anchors and key digests.
 */
@NullMarked
package io.sallyport.devices;

import org.jspecify.annotations.NullMarked;

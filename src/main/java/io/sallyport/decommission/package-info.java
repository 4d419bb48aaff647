/**
 * Acts on a device that concern all that it has: one that takes everything away everywhere, its transfer to another profile,
 * and its replacement.
 *
 * <p>Doors: {@link io.sallyport.decommission.Decommissions}, {@link io.sallyport.decommission.DeviceChanges},
 * {@link io.sallyport.decommission.Replacements}.
 */
@NullMarked
package io.sallyport.decommission;

import org.jspecify.annotations.NullMarked;

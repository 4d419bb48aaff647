/**
 * One act on a device that takes everything away everywhere.
 *
 * <p>Door: {@link io.sallyport.decommission.Decommissions}.
 */
@NullMarked
package io.sallyport.decommission;

import org.jspecify.annotations.NullMarked;

/**
 * The wipe channel: a device on its way out fetches the order to wipe itself and says how that went.
 */
@NullMarked
package io.sallyport.door.wipe;

import org.jspecify.annotations.NullMarked;

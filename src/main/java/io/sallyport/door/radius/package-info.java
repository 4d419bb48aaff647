/**
 * FreeRADIUS through {@code rlm_rest}: authorization and accounting, and Disconnect (RFC 5176).
 */
@NullMarked
package io.sallyport.door.radius;

import org.jspecify.annotations.NullMarked;

/**
 * FreeRADIUS through {@code rlm_rest}: authorization of EAP-TLS, accounting, and Disconnect (RFC 5176).
 *
 * <p>What is shipped for FreeRADIUS stands in {@code docs/enforce/freeradius}. Must not know another door.
 */
@NullMarked
package io.sallyport.door.radius;

import org.jspecify.annotations.NullMarked;

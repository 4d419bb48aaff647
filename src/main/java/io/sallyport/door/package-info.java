/**
 * What the device-facing protocols share: reading a bounded request, who is on the other end of the TLS
 * connection, and writing a refusal.
 */
@NullMarked
package io.sallyport.door;

import org.jspecify.annotations.NullMarked;

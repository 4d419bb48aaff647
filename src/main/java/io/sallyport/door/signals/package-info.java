/**
 * Shared Signals (SSF 1.0, CAEP 1.0): transmitter by push (RFC 8935) and poll (RFC 8936).
 */
@NullMarked
package io.sallyport.door.signals;

import org.jspecify.annotations.NullMarked;

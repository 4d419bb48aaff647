/**
 * Key generation and signing. A private key is seen nowhere else.
 *
 * <p>Doors: {@link io.sallyport.keys.Keys}, {@link io.sallyport.keys.ClientKeys}, {@link
 * io.sallyport.keys.Envelopes}. Must not know what is being signed.
 */
@NullMarked
package io.sallyport.keys;

import org.jspecify.annotations.NullMarked;

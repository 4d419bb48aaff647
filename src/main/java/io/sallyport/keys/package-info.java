/**
 * Key generation and signing. A private key is seen nowhere else.
 *
 * <p>Door: {@link io.sallyport.keys.Keys}. Must not know what is being signed.
 */
@NullMarked
package io.sallyport.keys;

import org.jspecify.annotations.NullMarked;

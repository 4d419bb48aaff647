/**
 * What a decision permits, as certificate-bound tokens (RFC 8705, RFC 9396).
 *
 * <p>Door: {@link io.sallyport.grants.Grants}. Must not know the protocol that asked.
 */
@NullMarked
package io.sallyport.grants;

import org.jspecify.annotations.NullMarked;

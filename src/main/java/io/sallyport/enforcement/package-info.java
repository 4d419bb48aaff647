/**
 * Policy enforcement points and how they are recognised.
 *
 * <p>Door: {@link io.sallyport.enforcement.EnforcementPoints}. Must not know the protocol that they speak.
 */
@NullMarked
package io.sallyport.enforcement;

import org.jspecify.annotations.NullMarked;

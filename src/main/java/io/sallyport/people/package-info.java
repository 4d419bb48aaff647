/**
 * Operators and their bearer tokens.
 *
 * <p>Door: {@link io.sallyport.people.Operators}. Must not know what an operator does.
 */
@NullMarked
package io.sallyport.people;

import org.jspecify.annotations.NullMarked;

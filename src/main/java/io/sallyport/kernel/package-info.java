/**
 * Small values and the refusal that every package shares. Knows no other package.
 */
@NullMarked
package io.sallyport.kernel;

import org.jspecify.annotations.NullMarked;

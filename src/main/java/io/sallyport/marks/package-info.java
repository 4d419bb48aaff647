/**
 * Marks outside of the database (law 9): how far log, revocation lists and jobs had come when something was signed. A
 * database that is behind them was restored, or lags, and is not served from.
 *
 * <p>Door: {@link io.sallyport.marks.Marks}. Must not know what facts say.
 */
@NullMarked
package io.sallyport.marks;

import org.jspecify.annotations.NullMarked;

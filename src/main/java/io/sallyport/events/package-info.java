/**
 * Numbering of committed facts and the change feed to whoever follows.
 *
 * <p>Door: {@link io.sallyport.events.Changes}. Must not know who follows.
 */
@NullMarked
package io.sallyport.events;

import org.jspecify.annotations.NullMarked;

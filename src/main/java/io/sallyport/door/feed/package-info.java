/**
 * Feeds of what is permitted: snapshot, changes as server-sent events, external dynamic lists.
 */
@NullMarked
package io.sallyport.door.feed;

import org.jspecify.annotations.NullMarked;

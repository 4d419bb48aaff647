/**
 * Start-up: settings, embedded PostgreSQL, first run, listeners.
 */
@NullMarked
package io.sallyport.boot;

import org.jspecify.annotations.NullMarked;

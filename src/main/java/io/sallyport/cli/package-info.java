/**
 * The command line. Talks to a server over its public interfaces and shares no server code but value types.
 */
@NullMarked
package io.sallyport.cli;

import org.jspecify.annotations.NullMarked;

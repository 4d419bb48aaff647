/**
 * Stations of manufacturing lines: requests of a batch in and certificates out, on the stations' own certificates.
 */
@NullMarked
package io.sallyport.door.line;

import org.jspecify.annotations.NullMarked;

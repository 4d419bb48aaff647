/**
 * Enrollment over Secure Transport (RFC 7030, RFC 8951).
 */
@NullMarked
package io.sallyport.door.est;

import org.jspecify.annotations.NullMarked;

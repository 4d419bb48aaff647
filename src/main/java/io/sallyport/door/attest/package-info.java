/**
 * Challenges and evidence over HTTP (RFC 9334 background-check model).
 */
@NullMarked
package io.sallyport.door.attest;

import org.jspecify.annotations.NullMarked;

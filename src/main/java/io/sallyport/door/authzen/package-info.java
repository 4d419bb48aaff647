/**
 * The AuthZEN Authorization API 1.0.
 */
@NullMarked
package io.sallyport.door.authzen;

import org.jspecify.annotations.NullMarked;

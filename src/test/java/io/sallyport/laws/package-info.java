/** Tests that follow a device through all of the network interfaces and try to break the laws on the way. */
@NullMarked
package io.sallyport.laws;

import org.jspecify.annotations.NullMarked;

/** Tests against a server in a process of its own, and with programs that others wrote. They need the packaged server. */
@NullMarked
package io.sallyport.process;

import org.jspecify.annotations.NullMarked;

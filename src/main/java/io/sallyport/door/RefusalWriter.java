package io.sallyport.door;

import io.sallyport.kernel.Problem;

/** How a protocol says no. */
@FunctionalInterface
public interface RefusalWriter {
  Reply write(Problem problem, String detail);
}

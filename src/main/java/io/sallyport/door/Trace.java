package io.sallyport.door;

import java.util.function.Supplier;

/** A traced request. */
interface Trace {
  /** The trace's id in hex. */
  String id();

  /** Runs the request's use case in a span of its own. */
  <T> T during(Supplier<T> useCase);

  /** @param status of the answer, or 0 when there was none */
  void end(String method, String route, int status);
}

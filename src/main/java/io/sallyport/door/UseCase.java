package io.sallyport.door;

/** What a route does with a request, on a virtual thread. May throw {@link io.sallyport.kernel.Refusal}. */
@FunctionalInterface
public interface UseCase {
  Reply answer(Request request);
}

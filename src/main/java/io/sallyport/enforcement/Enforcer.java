package io.sallyport.enforcement;

import io.sallyport.enforcement.Enforcements.Enforcement;

/** Tells points of one kind that access is withdrawn. One bean a kind, in the door that speaks to it; may block. */
public interface Enforcer {
  PointKind kind();

  /** Tells the point once, within seconds; does not retry, which {@link Deliveries} does. */
  Answer tell(Enforcement enforcement);

  /** What came of it. */
  sealed interface Answer {}

  /** The point confirmed it, or had nothing left to withdraw. */
  record Acknowledged(String detail) implements Answer {}

  /** The point was told and confirms by itself through {@link Enforcements#acknowledge}. */
  record Told(String detail) implements Answer {}

  /** No answer, or one that asks for another attempt. */
  record Failed(String detail) implements Answer {}
}

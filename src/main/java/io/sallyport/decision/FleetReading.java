package io.sallyport.decision;

/** Brings memory up to what is committed, whole; for what came into the tables by another way than a recorded change. */
public interface FleetReading {
  /** Reads everything, and answers the position in the change feed that it is then up to. May take long. */
  long load();
}

package io.sallyport.bench;

/**
 * Something that can be measured in a running server. May fill the database: the server and its folder are thrown away.
 * Probes run one after the other, in the order of their names, each once, in a thread of their own.
 */
interface Probe {
  /** The figure's name, for instance {@code issuance}. */
  String name();

  /** What it belongs to: what is asked for by this name, or by {@code all}, which is {@code pki}. */
  default String group() {
    return "pki";
  }

  /** Whether it is the bare loop beside a figure that is measured elsewhere: it runs only when it is named. */
  default boolean isBare() {
    return false;
  }

  /** Warms up, measures, and measures the bare loop. */
  Figure measure() throws Exception;
}

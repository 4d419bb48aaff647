package io.sallyport.bench;

/**
 * What a probe found.
 *
 * @param bare the same work done by a bare loop, in the same unit
 * @param ratio as a rule {@code value} through {@code bare}
 * @param barely what the bare loop does, in a few words
 */
record Figure(String name, double value, String unit, double bare, double ratio, String barely) {
  /** With the quotient as its ratio; 0 without a bare loop. */
  static Figure of(String name, double value, String unit, double bare, String barely) {
    return new Figure(name, value, unit, bare, bare == 0 ? 0 : value / bare, barely);
  }
}

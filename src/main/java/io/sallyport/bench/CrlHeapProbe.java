package io.sallyport.bench;

import jakarta.inject.Singleton;

/** Megabytes of heap that making all lists of a million revoked certificates takes; beside them the lists' own octets. */
@Singleton
final class CrlHeapProbe implements Probe {
  private static final double MEGABYTE = 1024 * 1024;

  private final MillionLists lists;

  CrlHeapProbe(MillionLists lists) {
    this.lists = lists;
  }

  @Override
  public String name() {
    return "crl-million-heap";
  }

  @Override
  public Figure measure() throws Exception {
    MillionLists.Measured measured = lists.measured();
    return Figure.of(
        name(),
        measured.heap() / MEGABYTE,
        "MB",
        measured.octets() / MEGABYTE,
        "octets of the lists");
  }
}

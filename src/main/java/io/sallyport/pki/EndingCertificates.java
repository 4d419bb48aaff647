package io.sallyport.pki;

import java.util.List;
import java.util.Set;

/** Device certificates by when they end. */
public interface EndingCertificates {
  /**
   * Those in force that end soonest, first the one that ends first.
   *
   * @param sites of the devices; empty for every site
   */
  List<Credential> soonest(Set<String> sites, int limit);
}

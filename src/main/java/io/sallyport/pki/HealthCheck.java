package io.sallyport.pki;

import io.sallyport.pki.PkiHealth.Finding;
import java.util.List;

/** One part of {@link PkiHealth}. */
interface HealthCheck {
  /** The word for it. */
  String name();

  List<Finding> look();
}

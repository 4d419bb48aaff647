package io.sallyport.grants;

import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;

/** Where grants are recorded. */
interface GrantStore {
  /** Records a grant and the fact {@code grant.issued} in one transaction of its own. */
  void issued(NetworkGrant grant, Actor actor);

  /** Records that something was not granted, in a transaction of its own. */
  void refused(Fact fact);
}

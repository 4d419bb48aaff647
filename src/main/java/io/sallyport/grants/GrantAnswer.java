package io.sallyport.grants;

import io.sallyport.grants.Grants.Grant;
import java.util.List;

/** What comes of asking for a grant. */
public sealed interface GrantAnswer {
  /** Recorded, signed, and decided again. */
  record Granted(Grant grant) implements GrantAnswer {}

  /** @param reasons at least one */
  record Denied(List<RefusalReason> reasons) implements GrantAnswer {
    public Denied {
      reasons = List.copyOf(reasons);
    }
  }
}

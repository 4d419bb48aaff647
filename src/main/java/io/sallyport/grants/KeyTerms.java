package io.sallyport.grants;

import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What was written down of keys for grants; one that was never rotated has none. */
interface KeyTerms {
  /** @param countsUntil null while it is not known */
  record Term(Instant signsFrom, @Nullable Instant countsUntil) {
    static final Term FIRST = new Term(Instant.EPOCH, null);

    /** Not when it was given up before its turn came. */
    boolean everSigns() {
      return countsUntil == null || signsFrom.isBefore(countsUntil);
    }

    boolean countsAt(Instant now) {
      return countsUntil == null || now.isBefore(countsUntil);
    }
  }

  /** By key. */
  Map<UUID, Term> read();
}

package io.sallyport.pki;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a careful auditor would look at in this authority, and what to do about it. Changes nothing. */
public interface PkiHealth {
  /** How bad it is, the worst last. */
  enum Level {
    GOOD,
    /** Could be better. */
    ADVICE,
    /** Will become a fault, or weakens what the certificates promise. */
    WARNING,
    /** Something does not work, or must not be relied on. */
    FAULT
  }

  /**
   * One thing that was looked at.
   *
   * @param check what was looked at, the same word every time: {@code authority-expiry}, {@code clock}, …
   * @param subject the name of the authority, the profile, …
   * @param finding a sentence
   * @param advice what to do, or null when it is good
   */
  record Finding(
      String check,
      Level level,
      String subject,
      String finding,
      @Nullable String advice) {
    static Finding good(String check, String subject, String finding) {
      return new Finding(check, Level.GOOD, subject, finding, null);
    }
  }

  /** Every check, in the order of the checks; one that cannot be made is a fault itself. */
  List<Finding> check();
}

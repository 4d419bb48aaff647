package io.sallyport.admin.api;

import io.sallyport.pki.RevocationReason;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Revocation reasons in words joined by hyphens. */
final class Reasons {
  /** Those for the certificate of a device or point. A hold would have to be undone, which quarantine does better. */
  private static final Set<RevocationReason> GIVEN = EnumSet.of(
      RevocationReason.UNSPECIFIED,
      RevocationReason.KEY_COMPROMISE,
      RevocationReason.AFFILIATION_CHANGED,
      RevocationReason.SUPERSEDED,
      RevocationReason.CESSATION_OF_OPERATION,
      RevocationReason.PRIVILEGE_WITHDRAWN);

  private Reasons() {}

  static String word(RevocationReason reason) {
    return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static RevocationReason read(String field, @Nullable String word, RevocationReason otherwise) {
    if (word == null) {
      return otherwise;
    }
    return Arrays.stream(RevocationReason.values())
        .filter(reason -> GIVEN.contains(reason) && word(reason).equals(word))
        .findFirst()
        .orElseThrow(() -> Fields.malformed(
            field,
            "is none of " + GIVEN.stream().map(Reasons::word).collect(Collectors.joining(", "))));
  }
}

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
  /** Those that end the certificate of a device or point for good. */
  private static final Set<RevocationReason> GIVEN = EnumSet.of(
      RevocationReason.UNSPECIFIED,
      RevocationReason.KEY_COMPROMISE,
      RevocationReason.AFFILIATION_CHANGED,
      RevocationReason.SUPERSEDED,
      RevocationReason.CESSATION_OF_OPERATION,
      RevocationReason.PRIVILEGE_WITHDRAWN);

  private static final Set<RevocationReason> WITH_HOLD = withHold();

  private Reasons() {}

  private static Set<RevocationReason> withHold() {
    Set<RevocationReason> given = EnumSet.copyOf(GIVEN);
    given.add(RevocationReason.CERTIFICATE_HOLD);
    return given;
  }

  static String word(RevocationReason reason) {
    return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Those that end an authority. */
  private static final Set<RevocationReason> OF_AUTHORITIES = EnumSet.of(
      RevocationReason.UNSPECIFIED,
      RevocationReason.CA_COMPROMISE,
      RevocationReason.AFFILIATION_CHANGED,
      RevocationReason.SUPERSEDED,
      RevocationReason.CESSATION_OF_OPERATION);

  /** A reason that ends an authority. */
  static RevocationReason ofAuthority(String field, @Nullable String word) {
    return read(OF_AUTHORITIES, field, Fields.required(field, word), RevocationReason.UNSPECIFIED);
  }

  /** A reason that ends for good. */
  static RevocationReason read(String field, @Nullable String word, RevocationReason otherwise) {
    return read(GIVEN, field, word, otherwise);
  }

  /** The same, or a hold. */
  static RevocationReason readOrHold(
      String field, @Nullable String word, RevocationReason otherwise) {
    if ("remove-from-crl".equals(word)) {
      throw Fields.malformed(
          field, "cannot be remove-from-crl: to lift a hold, release the certificate");
    }
    return read(WITH_HOLD, field, word, otherwise);
  }

  private static RevocationReason read(
      Set<RevocationReason> given,
      String field,
      @Nullable String word,
      RevocationReason otherwise) {
    if (word == null) {
      return otherwise;
    }
    return Arrays.stream(RevocationReason.values())
        .filter(reason -> given.contains(reason) && word(reason).equals(word))
        .findFirst()
        .orElseThrow(() -> Fields.malformed(
            field,
            "is none of " + given.stream().map(Reasons::word).collect(Collectors.joining(", "))));
  }
}

package io.sallyport.pki;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * On which terms a device gets a certificate of a profile; the enrollment protocols read it, issuance its
 * renewal window alone.
 *
 * @param channelBinding whether a request must be bound to its TLS connection (RFC 7030 §3.5, RFC 9266)
 * @param serverKeyGeneration whether the server may make the key (RFC 7030 §4.4)
 * @param requestTemplate how a client is told what its request must look like (RFC 9908)
 * @param renewalWindow how long before its end a certificate is due for renewal; null for the last third of its life
 * @param grace how long after its end a certificate still renews itself
 * @param predecessor what becomes of a certificate when its successor is first used
 */
public record EnrollmentTerms(
    Authentication authentication,
    Approval approval,
    boolean channelBinding,
    boolean serverKeyGeneration,
    RequestTemplate requestTemplate,
    @Nullable Duration renewalWindow,
    Duration grace,
    Predecessor predecessor) {
  /** For profiles that say nothing. */
  public static final EnrollmentTerms DEFAULT = new EnrollmentTerms(
      Authentication.EITHER,
      Approval.NONE,
      false,
      false,
      RequestTemplate.NONE,
      null,
      Duration.ZERO,
      Predecessor.SUPERSEDE);

  /** What a first request is authenticated with. */
  public enum Authentication {
    EITHER,
    CERTIFICATE,
    TOKEN,
    BOTH
  }

  /** Who lets a proven request pass. */
  public enum Approval {
    NONE,
    MANUAL
  }

  /** What csrattrs announces; it is enforced then. */
  public enum RequestTemplate {
    NONE,
    /** Object identifiers and attributes (RFC 7030 §4.5.2, RFC 8951). */
    ATTRIBUTES,
    /** A CertificationRequestInfo template (RFC 9908). */
    TEMPLATE
  }

  /** What becomes of a predecessor. */
  public enum Predecessor {
    SUPERSEDE,
    REVOKE
  }

  /** As documents say it. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  static <E extends Enum<E>> Optional<E> ofWord(Class<E> type, String word) {
    return Stream.of(type.getEnumConstants())
        .filter(one -> word(one).equals(word))
        .findFirst();
  }
}

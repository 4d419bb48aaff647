package io.sallyport.enrollment;

import io.sallyport.enrollment.Accounts.Account;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.pki.RevocationReason;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Orders of certificates: identifiers, the proof for each, then one certificate (RFC 8555 §7.4). What belongs to another
 * account is refused with {@code not-of-this-account}, what nobody has with {@code not-found}.
 */
public interface Orders {
  /** What can be proven, each by one method. */
  enum Kind {
    DNS(Method.HTTP_01),
    PERMANENT_IDENTIFIER(Method.DEVICE_ATTEST_01);

    private final Method method;

    Kind(Method method) {
      this.method = method;
    }

    public Method method() {
      return method;
    }

    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** How something is proven. */
  enum Method {
    HTTP_01("http-01"),
    DEVICE_ATTEST_01("device-attest-01");

    private final String word;

    Method(String word) {
      this.word = word;
    }

    public String word() {
      return word;
    }
  }

  /** A host name, or the serial number of the device. */
  record Identifier(Kind kind, String value) {}

  /** Where an order stands (RFC 8555 §7.1.6). */
  enum OrderStatus {
    PENDING,
    READY,
    PROCESSING,
    VALID,
    INVALID
  }

  /**
   * An order.
   *
   * @param authorizations one for each identifier, in the same order
   */
  record CertificateOrder(
      UUID id,
      UUID account,
      OrderStatus status,
      Instant expiresAt,
      List<Identifier> identifiers,
      List<UUID> authorizations) {
    public CertificateOrder {
      identifiers = List.copyOf(identifiers);
      authorizations = List.copyOf(authorizations);
    }
  }

  /** Where an authorization stands; {@code PROCESSING} while its proof is being checked. */
  enum AuthorizationStatus {
    PENDING,
    PROCESSING,
    VALID,
    INVALID,
    DEACTIVATED,
    EXPIRED
  }

  /** Why a proof did not hold. */
  record Fault(EnrollmentProblem problem, String detail) {}

  /**
   * An authorization with its one challenge.
   *
   * @param token what the proof must speak of
   */
  record Authorization(
      UUID id,
      UUID account,
      Identifier identifier,
      AuthorizationStatus status,
      Instant expiresAt,
      String token,
      @Nullable Instant validatedAt,
      @Nullable Fault fault) {}

  /** A new order; the identifiers must be the device's own or allowed to it. At most so many open ones at a time. */
  CertificateOrder create(Account account, List<Identifier> identifiers);

  /** The order. One whose certificate was left unfinished by a crash is finished first. */
  CertificateOrder get(Account account, UUID id);

  /** The ids of orders that are not invalid, oldest first. */
  Page<UUID> list(Account account, @Nullable String cursor, int limit);

  Authorization authorization(Account account, UUID id);

  /** Gives an authorization up; its order becomes invalid. */
  Authorization deactivate(Account account, UUID id);

  /**
   * Has the proof checked. http-01 is looked at in the background; an attestation at once, and what is wrong with it stands
   * in the answer. Asking again starts nothing twice.
   *
   * @param attestation the attestation object, or null when none was given
   */
  Authorization prove(Account account, UUID authorization, byte @Nullable [] attestation);

  /**
   * Has the order's certificate made by law 1 and 2: an order is spent on one request, and the same request again answers
   * the same certificate. Refuses with {@code order-not-ready} and with what is wrong with the request, which then may be
   * mended.
   */
  CertificateOrder complete(Account account, UUID id, Der request);

  /** The certificate of a valid order and its issuers, without the root. */
  List<Der> chain(Account account, UUID order);

  /** Revokes a certificate of the account's device and profile; refuses one of anybody else. */
  void revoke(Account account, Der certificate, RevocationReason reason);

  /** Revokes a certificate for whoever has its key: {@code key} is the digest of the one that signed. */
  void revoke(Digest key, String profile, Der certificate, RevocationReason reason);
}

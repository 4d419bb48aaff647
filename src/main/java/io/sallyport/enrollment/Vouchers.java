package io.sallyport.enrollment;

import io.sallyport.enrollment.Ownerships.Claim;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Page;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Vouchers (RFC 8366): signed statements by which a device that knows this server's root learns whose domain it belongs to,
 * as the manufacturer's authority of BRSKI gives them (RFC 8995). Each one is a fact about the device.
 */
public interface Vouchers {
  String MEDIA_TYPE = "application/voucher-cms+json";

  /** What the issuer did before it said so (RFC 8366 §5.3). */
  enum Assertion {
    /** The owner is the one in the inventory. */
    VERIFIED,
    /** The voucher is in the log, no more. */
    LOGGED,
    /** The device signed that it talks to this very registrar. */
    PROXIMITY;

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** By what code, and as what, a device that its owner released is taken over with the voucher. */
  record CodedClaim(String code, Claim claim) {
    /** Without the code. */
    @Override
    public String toString() {
      return "CodedClaim[" + claim + "]";
    }
  }

  /**
   * What is to be issued.
   *
   * @param device null when {@code claim} or a request that the device signed says which one
   * @param owner who has the device, or claims it
   * @param claim null for the present owner
   * @param domain the certificate to be pinned; null for the topmost one of the request's
   * @param request a voucher request (RFC 8995 §3) in CMS, or null
   * @param nonce 8 to 32 octets in base64, or null; must be the request's when it has one
   * @param lifetime of a voucher without a nonce, at most 30 days; null for a day
   * @param lastRenewal until when vouchers such as this one will be renewed, or null; not with a nonce
   * @param revocationChecks whether the device must look for the pinned certificate's revocation; null leaves it to it
   * @param assertion null for what the request asks for, or else that the owner is verified
   */
  record Application(
      @Nullable UUID device,
      String owner,
      @Nullable CodedClaim claim,
      @Nullable Der domain,
      @Nullable Der request,
      @Nullable String nonce,
      @Nullable Duration lifetime,
      @Nullable Instant lastRenewal,
      @Nullable Boolean revocationChecks,
      @Nullable Assertion assertion) {}

  /**
   * A voucher that was issued.
   *
   * @param owner whom it was issued to
   * @param domain the pinned certificate
   * @param nonce base64, or null
   * @param by the operator
   */
  record Voucher(
      UUID id,
      UUID device,
      String serialNumber,
      String owner,
      Assertion assertion,
      Der domain,
      @Nullable String nonce,
      Instant createdOn,
      @Nullable Instant expiresOn,
      String by) {}

  /**
   * What a device would hold a voucher against.
   *
   * @param nonce base64; null when the device sent none
   * @param idevidIssuer the authority key identifier of its IDevID in base64, or null
   * @param domain a certificate that the pinned one must have certified, or be; null for any
   * @param anchors whose vouchers are taken; empty for this server's alone
   */
  record Expectation(
      String serialNumber,
      @Nullable String nonce,
      @Nullable String idevidIssuer,
      @Nullable Der domain,
      List<Der> anchors) {
    public Expectation {
      anchors = List.copyOf(anchors);
    }
  }

  /** What a voucher says that holds. */
  record Checked(
      String serialNumber,
      String assertion,
      Der domain,
      Instant createdOn,
      @Nullable Instant expiresOn,
      @Nullable String nonce) {}

  /**
   * Issues a voucher to the present owner of an expected or active device, or to who claims it in the same commit. A unit's
   * nonce, and a signed request, are answered once. Signs outside any transaction, what it has recorded before.
   *
   * <p>Refuses with {@code other-owner}, {@code invalid-voucher-request}, {@code voucher-request-answered} and {@code
   * invalid-voucher-terms}, and a claim as {@link Ownerships#claim} does.
   *
   * @param sites the only sites that the operator sees; empty for every site
   */
  Voucher issue(Application application, Set<String> sites, Actor actor);

  /** The signed voucher; refuses with {@code unknown-voucher}. */
  Der artifact(UUID id, Set<String> sites);

  /** Refuses with {@code unknown-voucher}. */
  Voucher get(UUID id, Set<String> sites);

  /** Those of a device, oldest first. */
  Page<Voucher> list(UUID device, @Nullable String cursor, int limit);

  /**
   * Checks a voucher as the device would: signature, signer, time, serial number, nonce and pinned domain; one of this
   * server's also against the inventory, for a device that has changed hands since is nobody else's. Changes nothing.
   * Refuses with {@code voucher-not-valid} and what is wrong.
   */
  Checked check(Der voucher, Expectation expected);
}

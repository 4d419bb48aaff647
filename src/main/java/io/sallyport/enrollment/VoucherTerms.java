package io.sallyport.enrollment;

import io.sallyport.devices.Device;
import io.sallyport.devices.Manufacturers;
import io.sallyport.enrollment.SignedJson.Unreadable;
import io.sallyport.enrollment.Vouchers.Application;
import io.sallyport.enrollment.Vouchers.Assertion;
import io.sallyport.kernel.Refusal;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.jspecify.annotations.Nullable;

/** What a voucher says (RFC 8366 §5.3), made of what was applied for, the registrar's request and the inventory. */
final class VoucherTerms {
  private static final Duration USUAL_LIFETIME = Duration.ofDays(1);
  /** It cannot be taken back. */
  private static final Duration LONGEST_LIFETIME = Duration.ofDays(30);

  private final Manufacturers manufacturers;
  private final VoucherTable table;
  private final Clock clock;

  VoucherTerms(Manufacturers manufacturers, VoucherTable table, Clock clock) {
    this.manufacturers = manufacturers;
    this.table = table;
    this.clock = clock;
  }

  static X509Certificate domain(Application application, @Nullable VoucherRequest request) {
    if (application.domain() == null) {
      if (request == null) {
        throw refused("Give the certificate of the domain, or the registrar's request.");
      }
      return request.domain();
    }
    X509Certificate given;
    try {
      given = VoucherChecks.certificate(application.domain().octets());
    } catch (Unreadable e) {
      throw refused("The certificate of the domain cannot be read.");
    }
    if (request != null && !request.path().contains(given)) {
      throw refused("The registrar's request does not come from this domain.");
    }
    return given;
  }

  VoucherText text(
      Application application,
      @Nullable VoucherRequest request,
      X509Certificate domain,
      Device device) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    if (now.isBefore(domain.getNotBefore().toInstant())
        || now.isAfter(domain.getNotAfter().toInstant())) {
      throw refused("The certificate of the domain is outside its validity.");
    }
    String nonce = nonce(application, request);
    Instant end = null;
    if (nonce == null) {
      Duration lifetime = application.lifetime() == null ? USUAL_LIFETIME : application.lifetime();
      if (lifetime.isNegative() || lifetime.isZero() || lifetime.compareTo(LONGEST_LIFETIME) > 0) {
        throw new Refusal(
            EnrollmentProblem.INVALID_LIFETIME, "A voucher may live for 30 days at most.");
      }
      end = now.plus(lifetime).truncatedTo(ChronoUnit.SECONDS);
      if (end.isAfter(domain.getNotAfter().toInstant())) {
        throw refused("A voucher cannot outlive the certificate that it pins (RFC 8366 §5.3).");
      }
    } else if (application.lifetime() != null || application.lastRenewal() != null) {
      throw refused("A voucher with a nonce has no end and is not renewed (RFC 8366 §5.3).");
    }
    Instant renewal = application.lastRenewal() == null
        ? null
        : application.lastRenewal().truncatedTo(ChronoUnit.SECONDS);
    if (renewal != null && renewal.isBefore(now)) {
      throw refused("The last renewal cannot be in the past.");
    }
    return new VoucherText(
        now,
        end,
        assertion(application, request).word(),
        device.hardware().serialNumber(),
        idevidIssuer(request, device),
        VoucherText.base64(octets(domain)),
        application.revocationChecks(),
        nonce,
        renewal,
        null,
        null);
  }

  private static @Nullable String nonce(Application application, @Nullable VoucherRequest request) {
    String asked = request == null ? null : canonical(request.text().nonce());
    String given = canonical(application.nonce());
    if (given != null && request != null && !given.equals(asked)) {
      throw refused("The nonce is not the request's.");
    }
    return given == null ? asked : given;
  }

  /** One that is written otherwise is no other. */
  private static @Nullable String canonical(@Nullable String nonce) {
    if (nonce == null) {
      return null;
    }
    try {
      byte[] octets = VoucherText.octets(nonce);
      if (octets.length >= 8 && octets.length <= 32) {
        return VoucherText.base64(octets);
      }
    } catch (IllegalArgumentException e) {
      // Told below.
    }
    throw refused("A nonce has 8 to 32 octets, in base64.");
  }

  static Assertion assertion(Application application, @Nullable VoucherRequest request) {
    Assertion wanted = application.assertion();
    String asked = request == null ? null : request.text().assertion();
    if (wanted == null && asked != null) {
      wanted = Arrays.stream(Assertion.values())
          .filter(one -> one.word().equals(asked))
          .findFirst()
          .orElseThrow(() -> new Refusal(
              EnrollmentProblem.INVALID_VOUCHER_REQUEST,
              "The voucher request does not ask for verified, logged or proximity."));
    }
    if (wanted == Assertion.PROXIMITY && (request == null || !request.proximity())) {
      throw refused("Proximity is asserted when the device signed that it talks to the registrar"
          + " (proximity-registrar-cert in its own request), and not otherwise.");
    }
    return wanted == null ? Assertion.VERIFIED : wanted;
  }

  /**
   * The key identifier of who signed the device's IDevID, as the device or its registrar shows it: which of a manufacturer's
   * authorities that was, nobody knows before. Left out only where the serial number alone says which unit.
   */
  private @Nullable String idevidIssuer(@Nullable VoucherRequest request, Device device) {
    byte[] shown = request == null || request.pledge() == null
        ? null
        : issuer(request.pledge().path().getFirst());
    byte[] told = request == null ? null : told(request);
    if (told != null && !(shown == null ? isKnown(told, device) : Arrays.equals(told, shown))) {
      throw new Refusal(
          EnrollmentProblem.INVALID_VOUCHER_REQUEST,
          "The voucher request names an IDevID issuer that is not the device's, or not known of this manufacturer.");
    }
    if (told != null || shown != null) {
      return VoucherText.base64(told == null ? Objects.requireNonNull(shown) : told);
    }
    if (table.isElsewhere(device.hardware().serialNumber(), device.hardware().id())) {
      throw refused("Another manufacturer's unit has this serial number too; send a request that"
          + " names the IDevID's issuer (idevid-issuer).");
    }
    return null;
  }

  private boolean isKnown(byte[] identifier, Device device) {
    return manufacturers.authorities(device.hardware().manufacturer()).stream()
        .flatMap(VoucherTerms::keyIdentifier)
        .anyMatch(one -> Arrays.equals(one, identifier));
  }

  private static byte @Nullable [] told(VoucherRequest request) {
    String told = request.text().idevidIssuer();
    return told == null ? null : VoucherChecks.keyIdentifier(told);
  }

  private static byte @Nullable [] issuer(X509Certificate idevid) {
    byte[] extension = idevid.getExtensionValue(Extension.authorityKeyIdentifier.getId());
    return extension == null
        ? null
        : AuthorityKeyIdentifier.getInstance(
                ASN1OctetString.getInstance(extension).getOctets())
            .getKeyIdentifierOctets();
  }

  private static Stream<byte[]> keyIdentifier(X509Certificate authority) {
    byte[] extension = authority.getExtensionValue(Extension.subjectKeyIdentifier.getId());
    return extension == null
        ? Stream.empty()
        : Stream.of(SubjectKeyIdentifier.getInstance(
                ASN1OctetString.getInstance(extension).getOctets())
            .getKeyIdentifier());
  }

  private static byte[] octets(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw refused("The certificate of the domain cannot be read.");
    }
  }

  static Refusal refused(String detail) {
    return new Refusal(EnrollmentProblem.INVALID_VOUCHER_TERMS, detail);
  }
}

package io.sallyport.enrollment;

import io.sallyport.enrollment.SignedJson.Unreadable;
import io.sallyport.enrollment.Vouchers.Assertion;
import io.sallyport.enrollment.Vouchers.Checked;
import io.sallyport.enrollment.Vouchers.Expectation;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credentials;
import jakarta.inject.Singleton;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Objects;
import org.bouncycastle.asn1.ASN1OctetString;
import org.jspecify.annotations.Nullable;

/** Whether a voucher holds for a device (RFC 8366 §5.3, RFC 8995 §5.6.1). */
@Singleton
final class VoucherChecks {
  private static final Duration LEEWAY = Duration.ofMinutes(5);

  private final Credentials credentials;
  private final Clock clock;

  VoucherChecks(Credentials credentials, Clock clock) {
    this.credentials = credentials;
    this.clock = clock;
  }

  /** @param own whether this server signed it */
  record Held(Checked checked, Digest content, boolean own) {}

  Held check(Der voucher, Expectation expected) throws Unreadable {
    Instant now = clock.instant();
    SignedJson signed = SignedJson.read(voucher);
    boolean own = expected.anchors().isEmpty();
    if (own) {
      requireOwn(signed, now);
    } else {
      List<X509Certificate> anchors = new ArrayList<>();
      for (Der anchor : expected.anchors()) {
        anchors.add(certificate(anchor.octets()));
      }
      if (!signed.leadsTo(anchors, now)) {
        throw new Unreadable("is signed by somebody whom none of these anchors vouches for");
      }
    }
    VoucherText text = VoucherText.read(signed.content(), VoucherText.VOUCHER);
    Checked checked = checked(text);
    requireTime(text, now);
    requireDevice(text, expected);
    requireDomain(certificate(checked.domain().octets()), expected.domain(), now);
    return new Held(checked, Digest.of(signed.content()), own);
  }

  /** Law 10: by its registered certificate. Devices have certificates under the same root. */
  private void requireOwn(SignedJson signed, Instant now) throws Unreadable {
    boolean signer;
    try {
      signer = credentials
          .byThumbprint(Digest.of(signed.signer().getEncoded()))
          .filter(one ->
              one.subject().kind() == CertificateSubject.Kind.DOCUMENT_SIGNER && one.liveAt(now))
          .isPresent();
    } catch (CertificateException e) {
      throw new Unreadable("is signed by a certificate that cannot be written");
    }
    if (!signer) {
      throw new Unreadable(
          "is not signed by this server; for another's give the anchors of those who sign vouchers");
    }
  }

  private static Checked checked(VoucherText text) throws Unreadable {
    String assertion = text.assertion();
    if (assertion == null
        || Arrays.stream(Assertion.values()).noneMatch(one -> one.word().equals(assertion))) {
      throw new Unreadable("does not assert verified, logged or proximity");
    }
    if (text.createdOn() == null || text.pinnedDomainCert() == null) {
      throw new Unreadable("has no created-on or no pinned-domain-cert");
    }
    return new Checked(
        text.serialNumber(),
        assertion,
        Der.of(VoucherText.octets(text.pinnedDomainCert())),
        text.createdOn(),
        text.expiresOn(),
        text.nonce());
  }

  private static void requireTime(VoucherText text, Instant now) throws Unreadable {
    if (Objects.requireNonNull(text.createdOn()).isAfter(now.plus(LEEWAY))) {
      throw new Unreadable("was made in the future");
    }
    if (text.expiresOn() != null && !now.isBefore(text.expiresOn())) {
      throw new Unreadable("ended at " + text.expiresOn());
    }
  }

  private static void requireDevice(VoucherText text, Expectation expected) throws Unreadable {
    if (!text.serialNumber().equals(expected.serialNumber())) {
      throw new Unreadable("is for another device");
    }
    if (text.idevidIssuer() != null
        && expected.idevidIssuer() != null
        && !same(keyIdentifier(text.idevidIssuer()), keyIdentifier(expected.idevidIssuer()))) {
      throw new Unreadable("is for a device whose IDevID another authority signed");
    }
    if (text.nonce() == null && text.expiresOn() == null) {
      throw new Unreadable("has neither a nonce nor an end, and would count for ever");
    }
    if (text.nonce() != null
        && (expected.nonce() == null
            || !same(VoucherText.octets(text.nonce()), VoucherText.octets(expected.nonce())))) {
      throw new Unreadable("answers another nonce");
    }
    if (text.nonce() == null && expected.nonce() != null) {
      throw new Unreadable("answers no nonce, and the device sent one");
    }
  }

  private static boolean same(byte[] one, byte[] other) {
    return MessageDigest.isEqual(one, other);
  }

  /** Some write the octets of the identifier, some its OCTET STRING. */
  static byte[] keyIdentifier(String base64) {
    byte[] octets = VoucherText.octets(base64);
    if (octets.length > 2 && octets[0] == 4 && octets[1] == octets.length - 2) {
      try {
        return ASN1OctetString.getInstance(octets).getOctets();
      } catch (IllegalArgumentException e) {
        return octets;
      }
    }
    return octets;
  }

  private static void requireDomain(X509Certificate pinned, @Nullable Der expected, Instant now)
      throws Unreadable {
    try {
      pinned.checkValidity(Date.from(now));
    } catch (GeneralSecurityException e) {
      throw new Unreadable("pins a certificate that is outside its validity");
    }
    if (expected != null) {
      X509Certificate domain = certificate(expected.octets());
      boolean itself = pinned.equals(domain);
      if (!itself && !(pinned.getBasicConstraints() >= 0 && SignedJson.certified(domain, pinned))) {
        throw new Unreadable("pins another domain");
      }
    }
  }

  static X509Certificate certificate(byte[] octets) throws Unreadable {
    try (ByteArrayInputStream in = new ByteArrayInputStream(octets)) {
      X509Certificate certificate =
          (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
      if (!Arrays.equals(certificate.getEncoded(), octets)) {
        throw new Unreadable("has more than one certificate where one is expected");
      }
      return certificate;
    } catch (GeneralSecurityException | IOException e) {
      throw new Unreadable("has a certificate in it that cannot be read");
    }
  }
}

package io.sallyport.enrollment;

import io.sallyport.devices.Manufacturers;
import io.sallyport.devices.Recognition;
import io.sallyport.enrollment.SignedJson.Unreadable;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Objects;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.jspecify.annotations.Nullable;

/**
 * A registrar's voucher request (RFC 8995 §5.5) that holds, and the device's own in it when it has one (§5.5.5).
 *
 * @param domain the topmost certificate of the registrar's path, which is to be pinned
 * @param path from the registrar to it
 * @param pledge who signed the request in it, or null
 * @param proximity whether the device signed that it talks to this registrar
 */
record VoucherRequest(
    VoucherText text,
    Digest digest,
    X509Certificate domain,
    List<X509Certificate> path,
    @Nullable Recognition pledge,
    boolean proximity) {
  private static final Duration LEEWAY = Duration.ofMinutes(5);
  /** A registrar asks while the device waits, or on the day of the delivery. */
  private static final Duration OLDEST = Duration.ofDays(1);

  VoucherRequest {
    path = List.copyOf(path);
  }

  static VoucherRequest read(Der encoded, Manufacturers manufacturers, Instant now) {
    try {
      SignedJson signed = SignedJson.read(encoded);
      VoucherText text = VoucherText.read(signed.content(), VoucherText.REQUEST);
      List<X509Certificate> path = signed.path();
      requireRegistrar(path, now);
      Instant created = text.createdOn();
      if (created != null
          && (created.isAfter(now.plus(LEEWAY)) || created.isBefore(now.minus(OLDEST)))) {
        throw new Unreadable("was not made within the last day");
      }
      if (text.pinnedDomainCert() != null || text.proximityCertificate() != null) {
        throw new Unreadable("has a certificate in it that is for others to say");
      }
      Recognition pledge = null;
      boolean proximity = false;
      if (text.priorRequest() != null) {
        SignedJson prior = prior(text);
        VoucherText asked = VoucherText.read(prior.content(), VoucherText.REQUEST);
        pledge = pledge(prior, asked, text, manufacturers);
        proximity = isNear(asked, signed.signer());
      }
      return new VoucherRequest(text, encoded.digest(), path.getLast(), path, pledge, proximity);
    } catch (Unreadable e) {
      throw new Refusal(
          EnrollmentProblem.INVALID_VOUCHER_REQUEST, "The voucher request " + e.getMessage() + ".");
    }
  }

  /** RFC 8995 §5.5.4: it makes nobody a registrar, and nobody else can have been meant. */
  private static void requireRegistrar(List<X509Certificate> path, Instant now) throws Unreadable {
    try {
      if (!RegistrationAuthorities.hasUsage(path.getFirst())) {
        throw new Unreadable("is not signed by a registrar (id-kp-cmcRA)");
      }
      for (X509Certificate certificate : path) {
        certificate.checkValidity(Date.from(now));
      }
    } catch (CertificateParsingException e) {
      throw new Unreadable("is signed by a certificate whose usage cannot be read");
    } catch (GeneralSecurityException e) {
      throw new Unreadable("is signed under a certificate outside its validity");
    }
  }

  private static SignedJson prior(VoucherText text) throws Unreadable {
    try {
      return SignedJson.read(
          Der.of(VoucherText.octets(Objects.requireNonNull(text.priorRequest()))));
    } catch (Unreadable e) {
      throw new Unreadable("has one of the device's in it that " + e.getMessage());
    }
  }

  private static Recognition pledge(
      SignedJson prior, VoucherText asked, VoucherText text, Manufacturers manufacturers)
      throws Unreadable {
    if (asked.priorRequest() != null || asked.pinnedDomainCert() != null) {
      throw new Unreadable("has one of the device's in it that says what only registrars say");
    }
    if (!asked.serialNumber().equals(text.serialNumber())
        || !Objects.equals(asked.nonce(), text.nonce())) {
      throw new Unreadable("does not repeat the serial number and the nonce of the device's own");
    }
    Recognition pledge = manufacturers
        .whose(prior.path())
        .orElseThrow(() -> new Unreadable(
            "has one of the device's in it that no registered manufacturer's device signed"));
    manufacturers.requireStanding(pledge);
    pledge.requireSerialNumber(text.serialNumber());
    List<String> named = DeviceNames.values(
        X500Name.getInstance(prior.signer().getSubjectX500Principal().getEncoded()),
        BCStyle.SERIALNUMBER);
    if (!named.equals(List.of(text.serialNumber()))) {
      throw new Unreadable("has one in it that another device signed");
    }
    return pledge;
  }

  private static boolean isNear(VoucherText asked, X509Certificate registrar) throws Unreadable {
    if (asked.proximityCertificate() == null) {
      return false;
    }
    try {
      if (!Arrays.equals(
          VoucherText.octets(asked.proximityCertificate()), registrar.getEncoded())) {
        throw new Unreadable("is of another registrar than the one that the device talks to");
      }
    } catch (GeneralSecurityException e) {
      throw new Unreadable("is signed by a certificate that cannot be written");
    }
    return true;
  }
}

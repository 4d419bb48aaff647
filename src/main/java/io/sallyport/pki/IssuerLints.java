package io.sallyport.pki;

import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1String;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.TBSCertificate;

/** Whether a certificate fits who signs it, when, and for which profile; {@link Linter} looks at it alone. */
final class IssuerLints {
  /** As far back as any profile may date a certificate, for clocks that are slow. */
  static final Duration LONGEST_BACKDATING = Duration.ofDays(1);

  private IssuerLints() {}

  /**
   * What it must fit.
   *
   * @param issuer the subject of the authority's own certificate
   * @param keyIdentifier the authority's subject key identifier
   * @param algorithm of the authority's key
   * @param serialNumber whether the profile names the device by its serial number (IEEE 802.1AR §8.6)
   */
  record Expected(
      X500Name issuer,
      byte[] keyIdentifier,
      KeyAlgorithm algorithm,
      Instant now,
      boolean serialNumber) {}

  /** Refuses with {@code lint}, naming every rule that is broken. */
  static void check(TBSCertificate tbs, Expected expected) {
    List<String> faults = new ArrayList<>();
    require(
        Arrays.equals(octets(tbs.getIssuer()), octets(expected.issuer)),
        "the issuer is not written as in the authority's certificate (RFC 5280 §4.1.2.4)",
        faults);
    AuthorityKeyIdentifier identifier = AuthorityKeyIdentifier.fromExtensions(tbs.getExtensions());
    require(
        identifier != null
            && Arrays.equals(identifier.getKeyIdentifierOctets(), expected.keyIdentifier),
        "the authority key identifier is another key's (RFC 5280 §4.2.1.1)",
        faults);
    require(
        tbs.getSignature().equals(TbsCertificates.algorithm(expected.algorithm)),
        "the signature's algorithm is not one of the issuer's key (RFC 5280 §4.1.2.3)",
        faults);
    Instant notBefore = tbs.getStartDate().getDate().toInstant();
    require(
        !notBefore.isBefore(expected.now.minus(LONGEST_BACKDATING).minusSeconds(1)),
        "begins more than " + LONGEST_BACKDATING.toHours() + " hours ago",
        faults);
    require(!notBefore.isAfter(expected.now), "begins in the future", faults);
    require(
        tbs.getEndDate().getDate().toInstant().isAfter(expected.now),
        "has ended before it is signed",
        faults);
    if (expected.serialNumber) {
      require(
          serialNumbers(tbs.getSubject()) == 1,
          "not exactly one serialNumber in its subject (IEEE 802.1AR §8.6)",
          faults);
    }
    if (!faults.isEmpty()) {
      throw new Refusal(PkiProblem.LINT, "Not signed: " + String.join("; ", faults) + ".");
    }
  }

  private static byte[] octets(X500Name name) {
    try {
      return name.getEncoded("DER");
    } catch (IOException e) {
      throw new IllegalStateException("a name cannot be encoded", e);
    }
  }

  private static long serialNumbers(X500Name subject) {
    return Stream.of(subject.getRDNs())
        .flatMap(set -> Stream.of(set.getTypesAndValues()))
        .filter(attribute -> attribute.getType().equals(BCStyle.SERIALNUMBER))
        .filter(IssuerLints::says)
        .count();
  }

  private static boolean says(AttributeTypeAndValue attribute) {
    return attribute.getValue() instanceof ASN1String text && !text.getString().isBlank();
  }

  private static void require(boolean holds, String fault, List<String> faults) {
    if (!holds) {
      faults.add(fault);
    }
  }
}

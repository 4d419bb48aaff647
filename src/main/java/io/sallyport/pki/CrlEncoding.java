package io.sallyport.pki;

import io.sallyport.keys.KeyHandle;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.IssuingDistributionPoint;
import org.jspecify.annotations.Nullable;

/** CertificateList in DER (RFC 5280 §5.1), put together around entries that are encoded already. */
final class CrlEncoding {
  private static final int EXTENSIONS = 0xa0;
  private static final byte[] VERSION_2 = {0x02, 0x01, 0x01};
  private static final int LONGEST_TIME = 17;

  private CrlEncoding() {}

  /**
   * What a list says besides its entries.
   *
   * @param keyIdentifier the issuer's subject key identifier
   * @param baseNumber for a delta the number of the list that it follows, otherwise null
   * @param distributionPoints where the whole list of this shard is to be had, under every address that certificates
   *     carry; none when the list stands for all of its issuer's certificates
   * @param freshest where the delta to this list is to be had; null in a delta
   */
  record Content(
      X500Name issuer,
      byte[] keyIdentifier,
      KeyHandle key,
      long number,
      @Nullable Long baseNumber,
      List<String> distributionPoints,
      @Nullable String freshest,
      Instant thisUpdate,
      Instant nextUpdate) {
    Content {
      distributionPoints = List.copyOf(distributionPoints);
    }
  }

  /** The TBSCertList, which is what is signed. */
  static byte[] tbs(Content content, CrlEntries entries) {
    try {
      byte[] head = head(content);
      byte[] extensions = extensions(content);
      int listed = entries.count() == 0
          ? 0
          : SignedSequence.headerLength(entries.length()) + entries.length();
      int inner =
          head.length + listed + SignedSequence.headerLength(extensions.length) + extensions.length;
      byte[] tbs = new byte[SignedSequence.headerLength(inner) + inner];
      int at = SignedSequence.header(tbs, 0, SignedSequence.SEQUENCE, inner);
      at = SignedSequence.put(tbs, at, head);
      if (listed > 0) {
        at = SignedSequence.header(tbs, at, SignedSequence.SEQUENCE, entries.length());
        at = entries.copy(tbs, at);
      }
      at = SignedSequence.header(tbs, at, EXTENSIONS, extensions.length);
      SignedSequence.put(tbs, at, extensions);
      return tbs;
    } catch (IOException e) {
      throw new IllegalStateException("a CRL cannot be encoded", e);
    }
  }

  /** The signed list. */
  static byte[] list(Content content, byte[] tbs, byte[] signature) {
    return SignedSequence.of(tbs, content.key.algorithm(), signature);
  }

  private static byte[] head(Content content) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    head.writeBytes(VERSION_2);
    head.writeBytes(TbsCertificates.algorithm(content.key.algorithm()).getEncoded("DER"));
    head.writeBytes(content.issuer.getEncoded("DER"));
    byte[] times = new byte[2 * LONGEST_TIME];
    int end = CrlEntries.time(times, 0, content.thisUpdate.getEpochSecond());
    end = CrlEntries.time(times, end, content.nextUpdate.getEpochSecond());
    head.write(times, 0, end);
    return head.toByteArray();
  }

  private static byte[] extensions(Content content) throws IOException {
    ExtensionsGenerator extensions = new ExtensionsGenerator();
    extensions.addExtension(
        Extension.authorityKeyIdentifier, false, new AuthorityKeyIdentifier(content.keyIdentifier));
    extensions.addExtension(
        Extension.cRLNumber, false, new CRLNumber(BigInteger.valueOf(content.number)));
    if (content.baseNumber != null) {
      extensions.addExtension(
          Extension.deltaCRLIndicator, true, new CRLNumber(BigInteger.valueOf(content.baseNumber)));
    }
    if (!content.distributionPoints.isEmpty()) {
      extensions.addExtension(
          Extension.issuingDistributionPoint,
          true,
          new IssuingDistributionPoint(point(content.distributionPoints), false, false));
    }
    if (content.freshest != null) {
      extensions.addExtension(
          Extension.freshestCRL, false, new CRLDistPoint(new DistributionPoint[] {
            new DistributionPoint(point(List.of(content.freshest)), null, null)
          }));
    }
    return extensions.generate().getEncoded("DER");
  }

  private static DistributionPointName point(List<String> urls) {
    return new DistributionPointName(new GeneralNames(urls.stream()
        .map(url -> new GeneralName(GeneralName.uniformResourceIdentifier, url))
        .toArray(GeneralName[]::new)));
  }
}

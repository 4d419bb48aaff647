package io.sallyport.pki;

import io.sallyport.keys.KeyHandle;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.IssuingDistributionPoint;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.jspecify.annotations.Nullable;

/** CertificateList in DER (RFC 5280 §5.1), put together around entries that are encoded already. */
final class CrlEncoding {
  private static final int SEQUENCE = 0x30;
  private static final int EXTENSIONS = 0xa0;
  private static final byte[] VERSION_2 = {0x02, 0x01, 0x01};
  private static final int LONGEST_TIME = 17;

  private CrlEncoding() {}

  /**
   * What a list says besides its entries.
   *
   * @param baseNumber for a delta the number of the list that it follows, otherwise null
   * @param distributionPoints where the whole list of this shard is to be had, under every address that certificates
   *     carry; none when the list stands for all of its issuer's certificates
   * @param freshest where the delta to this list is to be had; null in a delta
   */
  record Content(
      X500Name issuer,
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
      int listed = entries.count() == 0 ? 0 : headerLength(entries.length()) + entries.length();
      int inner = head.length + listed + headerLength(extensions.length) + extensions.length;
      byte[] tbs = new byte[headerLength(inner) + inner];
      int at = header(tbs, 0, SEQUENCE, inner);
      at = put(tbs, at, head);
      if (listed > 0) {
        at = header(tbs, at, SEQUENCE, entries.length());
        at = entries.copy(tbs, at);
      }
      at = header(tbs, at, EXTENSIONS, extensions.length);
      put(tbs, at, extensions);
      return tbs;
    } catch (IOException e) {
      throw new IllegalStateException("a CRL cannot be encoded", e);
    }
  }

  /** The signed list. */
  static byte[] list(Content content, byte[] tbs, byte[] signature) {
    try {
      byte[] algorithm = TbsCertificates.algorithm(content.key.algorithm()).getEncoded("DER");
      byte[] signed = new DERBitString(signature).getEncoded("DER");
      int inner = tbs.length + algorithm.length + signed.length;
      byte[] list = new byte[headerLength(inner) + inner];
      int at = header(list, 0, SEQUENCE, inner);
      at = put(list, at, tbs);
      at = put(list, at, algorithm);
      put(list, at, signed);
      return list;
    } catch (IOException e) {
      throw new IllegalStateException("a CRL cannot be encoded", e);
    }
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
        Extension.authorityKeyIdentifier,
        false,
        KeyIdentifiers.utils()
            .createAuthorityKeyIdentifier(SubjectPublicKeyInfo.getInstance(
                content.key.subjectPublicKeyInfo().octets())));
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

  private static int headerLength(int length) {
    return length < 0x80
        ? 2
        : length < 0x100 ? 3 : length < 0x10000 ? 4 : length < 0x1000000 ? 5 : 6;
  }

  private static int header(byte[] into, int at, int tag, int length) {
    into[at] = (byte) tag;
    int octets = headerLength(length) - 2;
    if (octets == 0) {
      into[at + 1] = (byte) length;
    } else {
      into[at + 1] = (byte) (0x80 | octets);
      for (int i = 0; i < octets; i++) {
        into[at + 2 + i] = (byte) (length >>> (8 * (octets - 1 - i)));
      }
    }
    return at + 2 + octets;
  }

  private static int put(byte[] into, int at, byte[] octets) {
    System.arraycopy(octets, 0, into, at, octets.length);
    return at + octets.length;
  }
}

package io.sallyport.cli;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V2TBSCertListGenerator;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.jspecify.annotations.Nullable;

/** {@code root.crl}: what a root that is kept off the server has revoked (RFC 5280 §5). */
final class RootList {
  private final Path file;
  private final X509Certificate root;
  private final RootKeyFile key;
  private final Ceremony ceremony;
  private final Clock clock;

  RootList(Path folder, Clock clock) {
    file = folder.resolve("root.crl");
    root = OfflineRoot.certificate(folder);
    key = new RootKeyFile(folder);
    ceremony = new Ceremony(folder, clock);
    this.clock = clock;
  }

  /** What revoking takes away: an entry's serial of a certificate that this root signed. */
  BigInteger revocable(Path certified) {
    X509Certificate certificate = Pem.certificates(certified).getFirst();
    try {
      certificate.verify(root.getPublicKey());
      return certificate.getSerialNumber();
    } catch (GeneralSecurityException e) {
      throw Failure.usage(certified + " was not signed by this root.");
    }
  }

  /** Signs the next list: what the last one held and has not ended, and more. */
  void sign(Map<BigInteger, Integer> revoked, Duration validity, char[] passphrase) {
    OfflineRoot.requireLasting(validity);
    RootKeyKind kind = RootKeyKind.of(root);
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    V2TBSCertListGenerator list = new V2TBSCertListGenerator();
    list.setSignature(kind.algorithm());
    list.setIssuer(X500Name.getInstance(root.getSubjectX500Principal().getEncoded()));
    list.setThisUpdate(new Time(Date.from(now)));
    list.setNextUpdate(new Time(Date.from(now.plus(validity))));
    X509CRL last = last();
    Map<BigInteger, Integer> all = new TreeMap<>(revoked);
    if (last != null && last.getRevokedCertificates() != null) {
      for (X509CRLEntry entry : last.getRevokedCertificates()) {
        all.remove(entry.getSerialNumber());
        int reason = entry.getRevocationReason() == null
            ? 0
            : entry.getRevocationReason().ordinal();
        list.addCRLEntry(
            new ASN1Integer(entry.getSerialNumber()), new Time(entry.getRevocationDate()), reason);
      }
    }
    all.forEach((serial, reason) ->
        list.addCRLEntry(new ASN1Integer(serial), new Time(Date.from(now)), reason));
    BigInteger number = last == null ? BigInteger.ONE : number(last).add(BigInteger.ONE);
    try {
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      extensions.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          new JcaX509ExtensionUtils()
              .createAuthorityKeyIdentifier(
                  SubjectPublicKeyInfo.getInstance(root.getPublicKey().getEncoded())));
      extensions.addExtension(Extension.cRLNumber, false, new CRLNumber(number));
      list.setExtensions(extensions.generate());
      byte[] encoded =
          kind.signed(list.generateTBSCertList().getEncoded("DER"), key.open(passphrase));
      crl(encoded).verify(root.getPublicKey());
      WholeFile.open(file, Der.of(encoded).pem("X509 CRL"));
      List<String> lines = new ArrayList<>();
      lines.add("number: " + number);
      lines.add("until: " + now.plus(validity));
      all.forEach((serial, reason) ->
          lines.add("revoked now: " + serial.toString(16) + " for reason " + reason));
      lines.add("list: sha-256 " + Digest.of(encoded).hex());
      ceremony.record("list signed", lines);
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("the list cannot be signed", e);
    }
  }

  private @Nullable X509CRL last() {
    if (!Files.exists(file)) {
      if (ceremony.told().contains("list signed")) {
        throw Failure.usage(
            file
                + " is missing, but ceremony.txt tells of a list: put the last one back, or what it revoked is forgotten.");
      }
      return null;
    }
    try {
      X509CRL last = crl(Pem.octets(file));
      last.verify(root.getPublicKey());
      return last;
    } catch (GeneralSecurityException e) {
      throw Failure.usage(file + " is not a list of this root; put the last one back.");
    }
  }

  private static X509CRL crl(byte[] encoded) throws GeneralSecurityException {
    return (X509CRL)
        CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(encoded));
  }

  private static BigInteger number(X509CRL list) {
    return ASN1Integer.getInstance(
            ASN1OctetString.getInstance(list.getExtensionValue(Extension.cRLNumber.getId()))
                .getOctets())
        .getValue();
  }
}

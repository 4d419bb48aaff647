package io.sallyport.enrollment;

import io.sallyport.kernel.Der;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.ASN1InputStream;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.OperatorCreationException;

/**
 * JSON in a CMS SignedData (RFC 8366 §5.4) whose one signature is right. Whom the signer is, and whether it may, is for
 * the caller to say.
 *
 * @param certificates those that came along, the signer's too
 */
record SignedJson(byte[] content, X509Certificate signer, List<X509Certificate> certificates) {
  /** id-ct-animaJSONVoucher (RFC 8366 §8.4). */
  static final String CONTENT_TYPE = "1.2.840.113549.1.9.16.1.40";

  /** A voucher has 4 KiB, a request with the device's own in it three times as much. */
  static final int LONGEST = 64 * 1024;

  /** ASN.1 within ASN.1: a CMS with certificates has about fifteen levels. */
  private static final int DEEPEST = 40;

  /** Of indefinite length. */
  private static final int OPEN = -1;

  private static final int MOST_CERTIFICATES = 8;

  private static final Set<String> DIGESTS = Set.of(
      NISTObjectIdentifiers.id_sha256.getId(),
      NISTObjectIdentifiers.id_sha384.getId(),
      NISTObjectIdentifiers.id_sha512.getId());

  SignedJson {
    certificates = List.copyOf(certificates);
  }

  /** Something is wrong with it; the message goes on "The voucher …". */
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1;

    Unreadable(String complaint) {
      super(complaint);
    }
  }

  static SignedJson read(Der encoded) throws Unreadable {
    if (encoded.length() > LONGEST) {
      throw new Unreadable("has more than " + LONGEST + " octets");
    }
    byte[] octets = encoded.octets();
    requireShallow(octets);
    try (ASN1InputStream in = new ASN1InputStream(octets)) {
      ASN1Primitive value = in.readObject();
      if (value == null || in.read() >= 0) {
        throw new Unreadable("is not one CMS structure and nothing else");
      }
      return read(new CMSSignedData(ContentInfo.getInstance(value)));
    } catch (IOException | CMSException | RuntimeException e) {
      throw new Unreadable("is not a CMS SignedData that can be read");
    }
  }

  /** Whoever nests deeper means to exhaust the reader's stack. */
  private static void requireShallow(byte[] octets) throws Unreadable {
    int[] ends = new int[DEEPEST + 1];
    ends[0] = octets.length;
    int depth = 0;
    for (int at = 0; at < octets.length; ) {
      while (depth > 0 && ends[depth] != OPEN && at >= ends[depth]) {
        depth--;
      }
      int tag = octets[at++] & 0xff;
      if ((tag & 0x1f) == 0x1f || at >= octets.length) {
        throw new Unreadable("is not CMS");
      }
      int length = octets[at++] & 0xff;
      boolean open = length == 0x80;
      if (open) {
        length = 0;
      } else if (length > 0x80) {
        int count = length & 0x7f;
        length = 0;
        for (int i = 0; i < count; i++) {
          if (count > 4 || at >= octets.length) {
            throw new Unreadable("is not CMS");
          }
          length = length << 8 | octets[at++] & 0xff;
        }
      }
      if (length < 0 || length > octets.length - at) {
        throw new Unreadable("is cut off");
      }
      if (tag == 0 && length == 0 && ends[depth] == OPEN) {
        depth--;
      } else if ((tag & 0x20) == 0) {
        at += length;
      } else if (++depth > DEEPEST) {
        throw new Unreadable("is nested too deep");
      } else {
        ends[depth] = open ? OPEN : at + length;
      }
    }
  }

  private static SignedJson read(CMSSignedData signed) throws Unreadable {
    if (!CONTENT_TYPE.equals(signed.getSignedContentTypeOID())
        || !(signed.getSignedContent() instanceof CMSProcessableByteArray content)) {
      throw new Unreadable("does not contain a voucher in JSON (" + CONTENT_TYPE + ")");
    }
    Collection<SignerInformation> signers = signed.getSignerInfos().getSigners();
    if (signers.size() != 1) {
      throw new Unreadable("must have one signature, and has " + signers.size());
    }
    SignerInformation signer = signers.iterator().next();
    if (signer.getSignedAttributes() == null || !DIGESTS.contains(signer.getDigestAlgOID())) {
      throw new Unreadable("must be signed with signed attributes over a SHA-2 digest");
    }
    Collection<X509CertificateHolder> enclosed = signed.getCertificates().getMatches(null);
    if (enclosed.size() > MOST_CERTIFICATES) {
      throw new Unreadable("has more than " + MOST_CERTIFICATES + " certificates");
    }
    List<X509Certificate> certificates = new ArrayList<>();
    X509Certificate found = null;
    for (X509CertificateHolder one : enclosed) {
      X509Certificate certificate = certificate(one);
      certificates.add(certificate);
      if (signer.getSID().match(one)) {
        found = certificate;
      }
    }
    if (found == null) {
      throw new Unreadable("has no certificate of its signer in it");
    }
    requireSigned(signer, found);
    return new SignedJson((byte[]) content.getContent(), found, certificates);
  }

  private static X509Certificate certificate(X509CertificateHolder holder) throws Unreadable {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(holder.getEncoded()));
    } catch (CertificateException | IOException e) {
      throw new Unreadable("has a certificate in it that cannot be read");
    }
  }

  private static void requireSigned(SignerInformation signer, X509Certificate certificate)
      throws Unreadable {
    boolean[] usage = certificate.getKeyUsage();
    if (usage != null && !usage[0]) {
      throw new Unreadable("is signed by a key that is not for signatures");
    }
    boolean right;
    try {
      right = signer.verify(new JcaSimpleSignerInfoVerifierBuilder().build(certificate));
    } catch (CMSException | OperatorCreationException | RuntimeException e) {
      right = false;
    }
    if (!right) {
      throw new Unreadable("is not what its signer signed");
    }
  }

  /** From the signer upwards, as far as what came along goes; each has certified the one before. */
  List<X509Certificate> path() {
    List<X509Certificate> path = new ArrayList<>(List.of(signer));
    Set<X509Certificate> left = new HashSet<>(certificates);
    left.remove(signer);
    Optional<X509Certificate> issuer = issuer(signer, left);
    while (issuer.isPresent()) {
      path.add(issuer.get());
      left.remove(issuer.get());
      issuer = issuer(issuer.get(), left);
    }
    return path;
  }

  private static Optional<X509Certificate> issuer(
      X509Certificate certificate, Set<X509Certificate> among) {
    return among.stream()
        .filter(one -> one.getBasicConstraints() >= 0 && certified(certificate, one))
        .findFirst();
  }

  static boolean certified(X509Certificate certificate, X509Certificate issuer) {
    if (!certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
      return false;
    }
    try {
      certificate.verify(issuer.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** Whether the signer's path is valid to one of these (RFC 5280 §6), its revocation aside. */
  boolean leadsTo(List<X509Certificate> anchors, Instant now) {
    List<X509Certificate> path = new ArrayList<>(path());
    path.removeAll(anchors);
    if (path.isEmpty()) {
      return true;
    }
    try {
      Set<TrustAnchor> trusted = new HashSet<>();
      anchors.forEach(anchor -> trusted.add(new TrustAnchor(anchor, null)));
      PKIXParameters parameters = new PKIXParameters(trusted);
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}

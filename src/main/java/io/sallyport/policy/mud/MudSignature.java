package io.sallyport.policy.mud;

import io.sallyport.kernel.Refusal;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignerDigestMismatchException;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.OperatorCreationException;

/** The detached CMS signature of a MUD file (RFC 8520 §13), checked before anything of the file is read. */
public final class MudSignature {
  /** SHA-256, SHA-384, SHA-512. */
  private static final Set<String> DIGESTS =
      Set.of("2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3");

  /** A signature with its chain has a few KB. */
  public static final int MOST_OCTETS = 64 * 1024;

  private MudSignature() {}

  /**
   * Refuses with {@code untrusted-mud} unless one signer signed exactly these octets and its certificate, which must allow
   * signatures, leads to one of {@code anchors} at {@code time}. These are anchors of those who describe devices, never of
   * the devices themselves (law 10).
   *
   * @return the signer's subject, for the record
   */
  public static String check(
      byte[] file, byte[] signature, Collection<X509Certificate> anchors, Instant time) {
    if (anchors.isEmpty()) {
      throw untrusted(
          "No trust anchor for MUD files is set up; name a PEM file in sallyport.mud.trust-file.");
    }
    if (signature.length > MOST_OCTETS) {
      throw untrusted("The signature has more than " + MOST_OCTETS + " octets.");
    }
    try {
      CMSSignedData signed = new CMSSignedData(new CMSProcessableByteArray(file), signature);
      Collection<SignerInformation> signers = signed.getSignerInfos().getSigners();
      if (!signed.isDetachedSignature() || signers.size() != 1) {
        throw untrusted("The signature must be detached, by one signer.");
      }
      List<X509Certificate> certificates = certificates(signed);
      SignerInformation signer = signers.iterator().next();
      if (!DIGESTS.contains(signer.getDigestAlgOID())) {
        throw untrusted("The signature must be over SHA-256, SHA-384 or SHA-512.");
      }
      for (X509CertificateHolder holder : signed.getCertificates().getMatches(null)) {
        if (signer.getSID().match(holder)) {
          X509Certificate certificate = new JcaX509CertificateConverter().getCertificate(holder);
          check(signer, certificate, certificates, anchors, time);
          return certificate.getSubjectX500Principal().getName();
        }
      }
      throw untrusted("The signature does not hold its signer's certificate.");
    } catch (CMSException | IllegalArgumentException | ClassCastException e) {
      throw untrusted("The signature is no CMS SignedData that can be read.");
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw untrusted("The signer's certificate leads to no trust anchor for MUD files.");
    }
  }

  private static void check(
      SignerInformation signer,
      X509Certificate certificate,
      List<X509Certificate> certificates,
      Collection<X509Certificate> anchors,
      Instant time)
      throws GeneralSecurityException, CMSException, OperatorCreationException {
    boolean[] usage = certificate.getKeyUsage();
    if (usage == null || !usage[0] || certificate.getBasicConstraints() >= 0) {
      throw untrusted("The signer's certificate is not one for signatures.");
    }
    X509CertSelector leaf = new X509CertSelector();
    leaf.setCertificate(certificate);
    Set<TrustAnchor> trusted =
        anchors.stream().map(anchor -> new TrustAnchor(anchor, null)).collect(Collectors.toSet());
    PKIXBuilderParameters parameters = new PKIXBuilderParameters(trusted, leaf);
    parameters.addCertStore(
        CertStore.getInstance("Collection", new CollectionCertStoreParameters(certificates)));
    parameters.setRevocationEnabled(false);
    parameters.setMaxPathLength(4);
    parameters.setDate(Date.from(time));
    CertPathBuilder.getInstance("PKIX").build(parameters);
    boolean fits;
    try {
      fits =
          signer.verify(new JcaSimpleSignerInfoVerifierBuilder().build(certificate.getPublicKey()));
    } catch (CMSSignerDigestMismatchException otherOctets) {
      fits = false;
    }
    if (!fits) {
      throw untrusted("The signature is not one of this file.");
    }
  }

  private static List<X509Certificate> certificates(CMSSignedData signed)
      throws CertificateException {
    List<X509Certificate> certificates = new ArrayList<>();
    for (X509CertificateHolder holder : signed.getCertificates().getMatches(null)) {
      if (certificates.size() == 16) {
        throw untrusted("The signature holds more than 16 certificates.");
      }
      certificates.add(new JcaX509CertificateConverter().getCertificate(holder));
    }
    return certificates;
  }

  private static Refusal untrusted(String detail) {
    return new Refusal(MudProblem.UNTRUSTED_MUD, detail);
  }
}

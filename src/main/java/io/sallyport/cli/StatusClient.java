package io.sallyport.cli;

import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** OCSP (RFC 6960) with a nonce (RFC 9654); the answer's signature and its responder's standing are checked. */
final class StatusClient implements AutoCloseable {
  private static final int NONCE_OCTETS = 32;

  private final URI server;
  private final Web web;

  StatusClient(URI server, Web web) {
    this.server = server;
    this.web = web;
  }

  /** {@code good}, {@code unknown}, or {@code revoked (reason N)}. */
  String status(X509Certificate certificate, X509Certificate issuer) {
    try {
      X509CertificateHolder authority = new JcaX509CertificateHolder(issuer);
      CertificateID id = new CertificateID(
          new JcaDigestCalculatorProviderBuilder().build().get(CertificateID.HASH_SHA1),
          authority,
          certificate.getSerialNumber());
      byte[] nonce = new byte[NONCE_OCTETS];
      new SecureRandom().nextBytes(nonce);
      Extension extension = new Extension(
          OCSPObjectIdentifiers.id_pkix_ocsp_nonce, false, new DEROctetString(nonce).getEncoded());
      byte[] request = new OCSPReqBuilder()
          .addRequest(id)
          .setRequestExtensions(new Extensions(extension))
          .build()
          .getEncoded();
      Answer answer = web.send(Web.to(server.resolve("/ocsp"))
              .header("Content-Type", "application/ocsp-request")
              .POST(BodyPublishers.ofByteArray(request))
              .build())
          .orFail();
      return read(answer.body(), authority, certificate.getSerialNumber(), extension);
    } catch (OCSPException | OperatorCreationException | GeneralSecurityException | IOException e) {
      throw new Failure(
          ExitCode.REFUSED,
          "POST /ocsp answered with what is not an OCSP response: " + e.getMessage());
    }
  }

  /** Where a GET asks for the status of a certificate without a nonce (RFC 6960 A.1), so that caches can answer. */
  static URI address(URI server, X509Certificate certificate, X509Certificate issuer) {
    try {
      CertificateID id = new CertificateID(
          new JcaDigestCalculatorProviderBuilder().build().get(CertificateID.HASH_SHA1),
          new JcaX509CertificateHolder(issuer),
          certificate.getSerialNumber());
      byte[] request = new OCSPReqBuilder().addRequest(id).build().getEncoded();
      return server.resolve(
          "/ocsp/" + ApiClient.encode(java.util.Base64.getEncoder().encodeToString(request)));
    } catch (OCSPException | OperatorCreationException | GeneralSecurityException | IOException e) {
      throw new IllegalStateException("an OCSP request could not be made", e);
    }
  }

  @Override
  public void close() {
    web.close();
  }

  private static String read(
      byte[] octets, X509CertificateHolder authority, BigInteger serial, Extension nonce)
      throws OCSPException, OperatorCreationException, GeneralSecurityException, IOException {
    OCSPResp response = new OCSPResp(octets);
    if (response.getStatus() != OCSPResp.SUCCESSFUL
        || !(response.getResponseObject() instanceof BasicOCSPResp basic)) {
      throw new OCSPException("status " + response.getStatus());
    }
    checkSignature(basic, authority);
    Extension echoed = basic.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
    if (echoed != null && !echoed.getExtnValue().equals(nonce.getExtnValue())) {
      throw new OCSPException("another nonce");
    }
    for (SingleResp single : basic.getResponses()) {
      if (single.getCertID().getSerialNumber().equals(serial)) {
        return word(single.getCertStatus());
      }
    }
    throw new OCSPException("no answer about this serial");
  }

  private static void checkSignature(BasicOCSPResp basic, X509CertificateHolder authority)
      throws OCSPException, OperatorCreationException, GeneralSecurityException {
    X509CertificateHolder responder =
        basic.getCerts().length == 0 ? authority : basic.getCerts()[0];
    try {
      if (!responder.equals(authority)) {
        ExtendedKeyUsage usage = ExtendedKeyUsage.fromExtensions(responder.getExtensions());
        boolean delegated = usage != null && usage.hasKeyPurposeId(KeyPurposeId.id_kp_OCSPSigning);
        if (!delegated
            || !responder.isSignatureValid(
                new JcaContentVerifierProviderBuilder().build(authority))) {
          throw new OCSPException("the responder is not the issuer's");
        }
      }
    } catch (org.bouncycastle.cert.CertException e) {
      throw new OCSPException("the responder's certificate cannot be checked", e);
    }
    if (!basic.isSignatureValid(new JcaContentVerifierProviderBuilder().build(responder))) {
      throw new OCSPException("its signature is wrong");
    }
  }

  private static String word(CertificateStatus status) {
    if (status == CertificateStatus.GOOD) {
      return "good";
    }
    if (status instanceof RevokedStatus revoked) {
      return "revoked (reason "
          + (revoked.hasRevocationReason() ? revoked.getRevocationReason() : 0) + ")";
    }
    return "unknown";
  }
}

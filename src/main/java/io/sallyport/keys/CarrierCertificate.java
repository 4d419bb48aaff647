package io.sallyport.keys;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.ProviderException;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.DefaultSignatureAlgorithmIdentifierFinder;

/** The certificate that stands beside a key in a token and certifies nothing: over itself, by itself, for a day. */
final class CarrierCertificate {
  private CarrierCertificate() {}

  /** Signs with the key that is carried, which shows that the token can use it. */
  interface Signing {
    byte[] sign(byte[] data) throws GeneralSecurityException;
  }

  static X509Certificate of(
      PublicKey key, String alias, Instant now, Signing signing, KeyAlgorithm algorithm)
      throws GeneralSecurityException, IOException {
    X500Name name = new X500Name("CN=" + alias);
    byte[] certificate = new X509v3CertificateBuilder(
            name,
            BigInteger.ONE,
            Date.from(now),
            Date.from(now.plus(Duration.ofDays(1))),
            name,
            SubjectPublicKeyInfo.getInstance(key.getEncoded()))
        .build(new ContentSigner() {
          private final ByteArrayOutputStream data = new ByteArrayOutputStream();

          @Override
          public AlgorithmIdentifier getAlgorithmIdentifier() {
            return new DefaultSignatureAlgorithmIdentifierFinder().find(algorithm.signature());
          }

          @Override
          public OutputStream getOutputStream() {
            return data;
          }

          @Override
          public byte[] getSignature() {
            try {
              return signing.sign(data.toByteArray());
            } catch (GeneralSecurityException e) {
              throw new ProviderException("the token does not sign", e);
            }
          }
        })
        .getEncoded();
    return (X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(certificate));
  }
}

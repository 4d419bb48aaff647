package io.sallyport.bench;

import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.keys.Keys.TlsIdentity;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.NetClientOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.DefaultSignatureAlgorithmIdentifierFinder;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;

/** A P-256 key, and what is shown with it in TLS. */
final class BenchIdentity {
  private final Keys keys;
  private final KeyHandle key;

  BenchIdentity(Keys keys) {
    this.keys = keys;
    this.key = keys.generate(KeyAlgorithm.EC_P256, "bench");
  }

  Der subjectPublicKeyInfo() {
    return key.subjectPublicKeyInfo();
  }

  byte[] sign(byte[] content) {
    return keys.sign(key.id(), content);
  }

  /** PKCS #10. */
  Der request(String name) throws IOException {
    return Der.of(new PKCS10CertificationRequestBuilder(new X500Name("CN=" + name), publicKey())
        .build(new Signer())
        .getEncoded());
  }

  /** Shows this certificate on the key, and takes any. */
  NetClientOptions client(Der certificate) throws CertificateException {
    return new NetClientOptions()
        .setSsl(true)
        .setTrustAll(true)
        .setHostnameVerificationAlgorithm("")
        .setKeyCertOptions(shown(certificate));
  }

  /** For a server that is asked by whoever trusts anybody. */
  KeyCertOptions selfSigned(Instant now) throws IOException, CertificateException {
    X500Name name = new X500Name("CN=localhost");
    return shown(Der.of(new X509v3CertificateBuilder(
            name,
            BigInteger.ONE,
            Date.from(now.minus(1, ChronoUnit.HOURS)),
            Date.from(now.plus(1, ChronoUnit.DAYS)),
            name,
            publicKey())
        .build(new Signer())
        .getEncoded()));
  }

  private SubjectPublicKeyInfo publicKey() {
    return SubjectPublicKeyInfo.getInstance(key.subjectPublicKeyInfo().octets());
  }

  private KeyCertOptions shown(Der certificate) throws CertificateException {
    X509Certificate leaf = (X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(certificate.octets()));
    TlsIdentity identity = keys.tlsIdentity(key.id(), List.of(leaf));
    return KeyCertOptions.wrap(keys.keyManager(() -> identity));
  }

  /** Signs with the key. */
  private final class Signer implements ContentSigner {
    private final ByteArrayOutputStream content = new ByteArrayOutputStream();

    @Override
    public AlgorithmIdentifier getAlgorithmIdentifier() {
      return new DefaultSignatureAlgorithmIdentifierFinder().find("SHA256withECDSA");
    }

    @Override
    public OutputStream getOutputStream() {
      return content;
    }

    @Override
    public byte[] getSignature() {
      return sign(content.toByteArray());
    }
  }
}

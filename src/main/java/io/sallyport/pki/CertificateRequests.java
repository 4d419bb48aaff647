package io.sallyport.pki;

import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import jakarta.inject.Singleton;
import java.io.IOException;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;

/** Requests for the certificates of authorities (PKCS #10), with the extensions that were asked for. */
@Singleton
final class CertificateRequests {
  private final TbsCertificates certificates;
  private final Keys keys;

  CertificateRequests(TbsCertificates certificates, Keys keys) {
    this.certificates = certificates;
    this.keys = keys;
  }

  /** Signs with the key, so it belongs outside of a transaction. */
  Der of(X500Name subject, KeyHandle key, String issuer, CaTerms terms) {
    try {
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      terms.addTo(extensions);
      certificates.addPointers(extensions, issuer, CrlShards.OF_AUTHORITIES);
      return Der.of(new PKCS10CertificationRequestBuilder(
              subject,
              SubjectPublicKeyInfo.getInstance(key.subjectPublicKeyInfo().octets()))
          .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
          .build(new KeySigner(keys, key))
          .getEncoded());
    } catch (IOException e) {
      throw new IllegalStateException("a request cannot be encoded", e);
    }
  }
}

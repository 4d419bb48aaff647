package io.sallyport.pki;

import io.sallyport.kernel.Der;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509CertificateHolder;

/** The MUD URL of a certificate (RFC 8520 §11). */
public final class MudUrls {
  private MudUrls() {}

  /** The URL in a certificate, or empty when it has none that can be read. */
  public static Optional<String> of(Der certificate) {
    try {
      Extension extension =
          new X509CertificateHolder(certificate.octets()).getExtension(TbsCertificates.MUD_URL);
      return extension == null
          ? Optional.empty()
          : Optional.of(ASN1IA5String.getInstance(
                  ASN1Primitive.fromByteArray(extension.getExtnValue().getOctets()))
              .getString());
    } catch (java.io.IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}

package io.sallyport.door.est;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSAbsentContent;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.jspecify.annotations.Nullable;

/** Base64 as clients read and write it (RFC 8951 §3), and certificates as a degenerate CMS SignedData (RFC 5272). */
final class EstEncoding {
  private static final int LINE = 64;

  private EstEncoding() {}

  /** Reads base64 with or without white space, whatever Content-Transfer-Encoding said. */
  static Der decode(byte[] body) {
    String text = new String(body, StandardCharsets.ISO_8859_1).replaceAll("[ \\t\\r\\n]", "");
    if (text.isEmpty()) {
      throw new Refusal(
          CommonProblem.MALFORMED, "The body is empty; send a PKCS #10 request in base64.");
    }
    try {
      return Der.of(Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException e) {
      throw new Refusal(
          CommonProblem.MALFORMED, "The body is not base64; send a PKCS #10 request in base64.");
    }
  }

  /** libest needs line breaks once the base64 passes about 1,024 characters; strongSwan refuses them. */
  static boolean wantsLines(@Nullable String userAgent) {
    return userAgent != null && userAgent.toLowerCase(Locale.ROOT).startsWith("libest");
  }

  static byte[] encode(byte[] content, boolean lines) {
    String text = lines
        ? Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(content)
        : Base64.getEncoder().encodeToString(content);
    return (text + "\n").getBytes(StandardCharsets.US_ASCII);
  }

  static byte[] certsOnly(List<Der> certificates) {
    try {
      CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
      for (Der certificate : certificates) {
        generator.addCertificate(new X509CertificateHolder(certificate.octets()));
      }
      return generator.generate(new CMSAbsentContent()).toASN1Structure().getEncoded("DER");
    } catch (CMSException | IOException e) {
      throw new IllegalStateException("certificates cannot be wrapped in CMS", e);
    }
  }
}

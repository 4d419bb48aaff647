package io.sallyport.cli;

import io.sallyport.kernel.Der;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/** Certificates and keys in their textual encoding (RFC 7468). */
final class Pem {
  /** Enough for a chain of post-quantum certificates; anything larger is not what was meant. */
  static final int MOST_OCTETS = 1 << 20;

  private Pem() {}

  /** Reads a small text file. */
  static String text(Path file) {
    return new String(octets(file), StandardCharsets.UTF_8);
  }

  static byte[] octets(Path file) {
    try {
      if (Files.size(file) > MOST_OCTETS) {
        throw Failure.usage(file + " is larger than " + MOST_OCTETS + " octets.");
      }
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw Failure.usage(file + " does not exist.");
    } catch (IOException e) {
      throw Failure.usage(file + " cannot be read: " + e.getMessage());
    }
  }

  /** All certificates of a file, PEM or DER, at least one. */
  static List<X509Certificate> certificates(Path file) {
    try {
      return certificates(octets(file));
    } catch (CertificateException e) {
      throw Failure.usage(file + " holds no readable certificate.");
    }
  }

  static List<X509Certificate> certificates(byte[] octets) throws CertificateException {
    Collection<?> found = CertificateFactory.getInstance("X.509")
        .generateCertificates(new ByteArrayInputStream(octets));
    if (found.isEmpty()) {
      throw new CertificateException("no certificate");
    }
    return found.stream().map(X509Certificate.class::cast).toList();
  }

  /** An unencrypted private key (PKCS #8, SEC 1 or PKCS #1), or one that a TPM wrapped. */
  static PrivateKey privateKey(Path file) {
    if (text(file).contains(TpmKey.MARK)) {
      OpensslTpm.install();
      return new TpmKey(file);
    }
    try (PEMParser parser = new PEMParser(new StringReader(text(file)))) {
      for (Object found = parser.readObject(); found != null; found = parser.readObject()) {
        if (found instanceof PrivateKeyInfo info) {
          return new JcaPEMKeyConverter().getPrivateKey(info);
        }
        if (found instanceof PEMKeyPair pair) {
          return new JcaPEMKeyConverter().getPrivateKey(pair.getPrivateKeyInfo());
        }
      }
    } catch (IOException e) {
      throw Failure.usage(file + " holds no readable private key.");
    }
    throw Failure.usage(file + " holds no unencrypted private key in PEM.");
  }

  /** From PKCS #8 in DER, as a server sends it. */
  static PrivateKey privateKey(byte[] encoded) {
    try {
      return new JcaPEMKeyConverter().getPrivateKey(PrivateKeyInfo.getInstance(encoded));
    } catch (IOException | RuntimeException e) {
      throw MultipartMixed.unreadable("its key is none");
    }
  }

  static String of(X509Certificate certificate) {
    try {
      return Der.of(certificate.getEncoded()).pem("CERTIFICATE");
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  static String of(List<X509Certificate> certificates) {
    StringBuilder text = new StringBuilder();
    certificates.forEach(certificate -> text.append(of(certificate)));
    return text.toString();
  }

  /** PKCS #8 ({@code PRIVATE KEY}). */
  static String of(PrivateKey key) {
    return Der.of(key.getEncoded()).pem("PRIVATE KEY");
  }
}

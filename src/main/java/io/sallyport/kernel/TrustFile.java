package io.sallyport.kernel;

import java.io.FileInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** Whom connections that this server opens trust. */
public final class TrustFile {
  private TrustFile() {}

  /** A TLS context that trusts the certificates of a PEM file alone, or without one those that the JDK trusts. */
  public static SSLContext context(Optional<String> file) throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers(file), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("this JVM has no TLS", e);
    }
  }

  /** What {@link #context} trusts, for a client that makes its context itself. */
  public static TrustManager[] managers(Optional<String> file) throws IOException {
    try {
      KeyStore anchors = file.isPresent() ? anchors(file.get()) : null;
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(anchors);
      return trust.getTrustManagers();
    } catch (GeneralSecurityException e) {
      throw new IOException("the trust file " + file.orElse("") + " cannot be used", e);
    }
  }

  private static KeyStore anchors(String file) throws IOException, GeneralSecurityException {
    KeyStore anchors = KeyStore.getInstance(KeyStore.getDefaultType());
    anchors.load(null, null);
    try (FileInputStream pem = new FileInputStream(file)) {
      for (Certificate anchor : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        anchors.setCertificateEntry("anchor-" + anchors.size(), anchor);
      }
    }
    if (anchors.size() == 0) {
      throw new IOException("the trust file " + file + " holds no certificate");
    }
    return anchors;
  }
}

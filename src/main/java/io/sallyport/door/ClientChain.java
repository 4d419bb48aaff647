package io.sallyport.door;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * The TLS client's certificates: the key was proven, nothing else was checked. Nothing of them is put beside the TLS session:
 * one with values of others is kept by the JVM for a day, instead of by the client in a ticket. Safe for any thread.
 */
public final class ClientChain {
  /** Of who sent none. */
  public static final ClientChain NONE = new ClientChain(List.of());

  private final List<X509Certificate> certificates;
  private volatile @Nullable Digest thumbprint;

  private ClientChain(List<X509Certificate> certificates) {
    this.certificates = List.copyOf(certificates);
  }

  /** @param session null of a connection without TLS */
  public static ClientChain of(@Nullable SSLSession session) {
    if (session == null) {
      return NONE;
    }
    List<X509Certificate> found = new ArrayList<>();
    try {
      for (Certificate certificate : session.getPeerCertificates()) {
        if (certificate instanceof X509Certificate x509) {
          found.add(x509);
        }
      }
    } catch (SSLPeerUnverifiedException noneWasSent) {
      return NONE;
    }
    return new ClientChain(found);
  }

  /** Leaf first; empty when it sent none. */
  public List<X509Certificate> certificates() {
    return certificates;
  }

  /** SHA-256 over the leaf; refuses with 401 when it cannot be encoded. Not for who sent none. */
  public Digest thumbprint() {
    Digest known = thumbprint;
    if (known == null) {
      try {
        known = Digest.of(certificates.getFirst().getEncoded());
      } catch (CertificateEncodingException e) {
        throw new Refusal(CommonProblem.UNAUTHENTICATED, "The client certificate cannot be read.");
      }
      thumbprint = known;
    }
    return known;
  }
}

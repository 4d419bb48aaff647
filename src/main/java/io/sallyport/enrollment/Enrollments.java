package io.sallyport.enrollment;

import io.sallyport.kernel.Der;
import io.sallyport.pki.Credential;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Who asks, for which device, and what it gets. */
public interface Enrollments {
  /**
   * A request for a certificate.
   *
   * @param label the certificate profile asked for, or null for the device's default
   * @param chain the TLS client's certificates, leaf first; empty when it sent none
   * @param token the one-time token's secret, or null
   * @param request PKCS #10
   * @param remote the peer's address as a literal
   * @param binding of the connection that it came on
   */
  record Enrollment(
      @Nullable String label,
      List<X509Certificate> chain,
      @Nullable String token,
      Der request,
      String remote,
      Binding binding) {
    public Enrollment {
      chain = List.copyOf(chain);
    }
  }

  /** What ties a request to its TLS connection. */
  @FunctionalInterface
  interface Binding {
    /** The tls-exporter value (RFC 9266) in base64, or null when the connection has none. */
    @Nullable
    String exporter();
  }

  /** What a request comes to. */
  sealed interface Outcome {
    record Issued(Credential credential) implements Outcome {}

    /**
     * With the key that the server made for it.
     *
     * @param privateKeyInfo PKCS #8
     */
    record WithKey(Credential credential, byte[] privateKeyInfo) implements Outcome {
      /** Without the key. */
      @Override
      public String toString() {
        return "WithKey[" + credential + "]";
      }
    }

    /**
     * The same with the key encrypted as the request asked.
     *
     * @param key CMS EnvelopedData
     */
    record WithSealedKey(Credential credential, Der key) implements Outcome {}

    /** Somebody has yet to approve it; the same request is asked again after {@code retryAfter}. */
    record Pending(Duration retryAfter) implements Outcome {}
  }

  /** A first certificate, by IDevID or token; the same request again gives the same certificate (law 2). */
  Outcome enroll(Enrollment enrollment);

  /**
   * What a request must look like, which is enforced; empty when nothing is announced.
   *
   * @param chain as in {@link Enrollment}; without a label it tells which profile is the device's default
   */
  Optional<AnnouncedRequest> announced(@Nullable String label, List<X509Certificate> chain);

  /**
   * The same with a key that the server makes (RFC 7030 §4.4), when the profile allows it; the request's own key and
   * signature are not looked at. The same client gets the same key for an hour.
   */
  Outcome generate(Enrollment enrollment);

  /** A successor, by the certificate that it follows. */
  Outcome reenroll(Enrollment enrollment);
}

package io.sallyport.enrollment;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Page;
import io.sallyport.pki.Credential;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Registration authorities: they prove devices by means of their own and ask for first certificates in their names. Each is
 * certified by the internal authority and recognised by that certificate, never by a name or a key usage (law 10).
 */
public interface RegistrationAuthorities {
  /** Whether a certificate has id-kp-cmcRA (RFC 6402 §2.10), which makes nobody one. */
  static boolean hasUsage(X509Certificate certificate) throws CertificateParsingException {
    List<String> usages = certificate.getExtendedKeyUsage();
    return usages != null && usages.contains("1.3.6.1.5.5.7.3.28");
  }

  /**
   * Somebody who asks for devices.
   *
   * @param manufacturer whose devices it speaks for
   * @param profiles the certificate profiles that it may ask for; empty for every one that a device may have
   */
  record RegistrationAuthority(
      UUID id, String name, String manufacturer, Set<String> profiles, Instant createdAt) {
    public RegistrationAuthority {
      profiles = Set.copyOf(profiles);
    }
  }

  /** One to register; {@code request} is a PKCS #10 request by its key. */
  record Application(String name, String manufacturer, Set<String> profiles, Der request) {
    public Application {
      profiles = Set.copyOf(profiles);
    }
  }

  /** With its certificate. */
  record Admission(RegistrationAuthority authority, Credential credential) {}

  /** Registers and certifies; the same name and key again give the same certificate. */
  Admission add(Application application, Actor actor);

  /** By name, after {@code cursor}. */
  Page<RegistrationAuthority> list(@Nullable String cursor, int limit);

  /** Takes its right away and revokes its certificates; refuses with {@code unknown-registration-authority}. */
  void remove(String name, Actor actor);
}

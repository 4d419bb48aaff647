package io.sallyport.enforcement;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.pki.Credential;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Policy enforcement points (NIST SP 800-207). Certified by the internal authority and recognised by their registered
 * certificate, never by a name or an EKU (law 10).
 */
public interface EnforcementPoints {
  /** A registered enforcement point. */
  record EnforcementPoint(UUID id, String name, String kind, Instant createdAt) {}

  /** A point with the certificate that was issued to it. */
  record Admission(EnforcementPoint point, Credential credential) {}

  /**
   * Registers a point and certifies its key; the same name and key again give the same certificate.
   *
   * @param name 1 to 63 letters, digits, dots and hyphens
   * @param kind {@code authzen} for now
   * @param request PKCS #10
   */
  Admission add(String name, String kind, Der request, Actor actor);

  Page<EnforcementPoint> list(@Nullable String cursor, int limit);

  Optional<EnforcementPoint> find(String name);

  /** Withdraws a point and revokes its certificates. */
  void remove(String name, Actor actor);

  /** The point whose live, registered certificate has this thumbprint; answered from memory. */
  Optional<EnforcementPoint> recognise(Digest thumbprint);
}

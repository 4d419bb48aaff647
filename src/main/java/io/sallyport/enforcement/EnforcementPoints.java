package io.sallyport.enforcement;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.pki.Credential;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Policy enforcement points (NIST SP 800-207). Certified by the internal authority and recognised by their registered
 * certificate, never by a name or an EKU (law 10). Facts are about subject type {@code enforcement-point}.
 */
public interface EnforcementPoints {
  /** A point with the certificate that was issued to it. */
  record Admission(EnforcementPoint point, Credential credential) {}

  /**
   * A point to be registered.
   *
   * @param name 1 to 63 letters, digits, dots and hyphens
   * @param secret shared with what stands behind the point, for instance the RADIUS secret of its network access servers;
   *     kept sealed, never shown; null for none
   * @param request PKCS #10
   */
  record Application(
      String name,
      PointKind kind,
      PointSettings settings,
      @Nullable String secret,
      Der request) {}

  /** Registers a point and certifies its key; the same name, kind and key again give the same certificate. */
  Admission add(Application application, Actor actor);

  /** Replaces a point's settings; a null secret leaves the one that is there. */
  EnforcementPoint change(
      String name, PointSettings settings, @Nullable String secret, Actor actor);

  Page<EnforcementPoint> list(@Nullable String cursor, int limit);

  /** All points that are not withdrawn; there are tens, not thousands. Answered from memory. */
  List<EnforcementPoint> all();

  Optional<EnforcementPoint> find(String name);

  /** The point's shared secret, or empty. Reads the database; never from an event loop. */
  Optional<String> secret(UUID point);

  /** Withdraws a point and revokes its certificates. */
  void remove(String name, Actor actor);

  /** The point whose live, registered certificate has this thumbprint; answered from memory. */
  Optional<EnforcementPoint> recognise(Digest thumbprint);
}

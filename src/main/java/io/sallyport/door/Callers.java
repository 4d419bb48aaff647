package io.sallyport.door;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enrollment.RegistrationAuthorities;
import io.sallyport.enrollment.Sightings;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import jakarta.enterprise.context.ApplicationScoped;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/** Who is on the other end of the TLS connection. Asked for every request: a resumed session proves nothing new. */
@ApplicationScoped
public class Callers {
  private final Credentials credentials;
  private final Devices devices;
  private final EnforcementPoints enforcementPoints;
  private final Sightings sightings;
  private final Audit audit;
  private final Clock clock;

  Callers(
      Credentials credentials,
      Devices devices,
      EnforcementPoints enforcementPoints,
      Sightings sightings,
      Audit audit,
      Clock clock) {
    this.credentials = credentials;
    this.devices = devices;
    this.enforcementPoints = enforcementPoints;
    this.sightings = sightings;
    this.audit = audit;
    this.clock = clock;
  }

  /**
   * The device whose live certificate is on this connection and whose state allows {@code operation}. Refuses with 401
   * when there is none, and with 403, recorded as a fact, when it is revoked, superseded, out of date or not allowed.
   */
  public DeviceCaller device(Request request, Operation operation) {
    Credential credential = request.chain().isEmpty()
        ? null
        : credentials
            .byThumbprint(request.client().thumbprint())
            .filter(found -> found.subject().kind() == CertificateSubject.Kind.DEVICE)
            .orElse(null);
    if (credential == null) {
      throw new Refusal(
          CommonProblem.UNAUTHENTICATED,
          "Connect with the device certificate that this server issued.");
    }
    UUID id = UUID.fromString(credential.subject().id());
    try {
      requireLive(credential);
      // Before its state is looked at: a quarantine that follows counts at once.
      sightings.used(credential.thumbprint(), id, request.remote());
      Device device = devices.get(id);
      devices.require(device, operation);
      credentials.used(credential);
      return new DeviceCaller(device, credential);
    } catch (Refusal refusal) {
      audit.recordRefusal(Fact.of("device.refused", Actor.device(id), "device", id)
          .with("operation", operation.name().toLowerCase(Locale.ROOT))
          .with("problem", refusal.problem().slug())
          .with("serial", credential.serial().toString(16)));
      throw refusal;
    }
  }

  /** The device whose live certificate is on this connection, if there is one; for what anybody may ask. */
  public Optional<UUID> known(Request request) {
    return knownCredential(request).map(found -> UUID.fromString(found.subject().id()));
  }

  /** The live certificate of a device that is on this connection, if there is one. */
  public Optional<Credential> knownCredential(Request request) {
    Instant now = clock.instant();
    return request.chain().isEmpty()
        ? Optional.empty()
        : credentials
            .byThumbprint(request.client().thumbprint())
            .filter(found ->
                found.subject().kind() == CertificateSubject.Kind.DEVICE && found.liveAt(now));
  }

  /** Notes from where the certificate on this connection was used, be it a manufacturer's, once its device is known. */
  public void seen(Request request, UUID device) {
    if (!request.chain().isEmpty() && !ofRegistrationAuthority(request.chain().getFirst())) {
      sightings.used(request.client().thumbprint(), device, request.remote());
    }
  }

  /** It asks for many devices, from wherever it is. */
  private static boolean ofRegistrationAuthority(X509Certificate certificate) {
    try {
      return RegistrationAuthorities.hasUsage(certificate);
    } catch (CertificateParsingException e) {
      return false;
    }
  }

  /** The registered enforcement point on this connection, from memory; refuses with 401. */
  public EnforcementPoint enforcementPoint(Request request) {
    if (request.chain().isEmpty()) {
      throw new Refusal(
          CommonProblem.UNAUTHENTICATED, "Connect with the enforcement point's certificate.");
    }
    return enforcementPoints
        .recognise(request.client().thumbprint())
        .orElseThrow(() -> new Refusal(
            CommonProblem.UNAUTHENTICATED,
            "This certificate is not one of a registered enforcement point."));
  }

  /** Law 8: what a registered enforcement point was refused stands in the log; other refusals are only counted. */
  public void recordRefusedPoint(Request request, Refusal refusal) {
    if (refusal.problem().status() == CommonProblem.UNAUTHENTICATED.status()) {
      return;
    }
    EnforcementPoint point = enforcementPoint(request);
    audit.recordRefusal(Fact.of(
            "enforcement-point.refused",
            Actor.enforcementPoint(point.name()),
            "request",
            request.method())
        .with("problem", refusal.problem().slug()));
  }

  /** Law 8, for what is refused before a use case knows who asks: recorded when a device's certificate is on the line. */
  public void recordRefusedDevice(Request request, Refusal refusal) {
    if (request.chain().isEmpty()) {
      return;
    }
    credentials.byThumbprint(request.client().thumbprint()).ifPresent(credential -> {
      String kind = credential.subject().kind().word();
      Actor actor = credential.subject().actor();
      audit.recordRefusal(Fact.of(kind + ".refused", actor, "request", request.method())
          .with("problem", refusal.problem().slug())
          .with("serial", credential.serial().toString(16)));
    });
  }

  private void requireLive(Credential credential) {
    Instant now = clock.instant();
    Credential.Revocation revocation = credential.revocation();
    if (revocation != null) {
      throw new Refusal(
          CommonProblem.FORBIDDEN,
          revocation.isHold() ? "This certificate is on hold." : "This certificate is revoked.");
    }
    if (credential.supersededAt() != null) {
      throw new Refusal(
          CommonProblem.FORBIDDEN, "This certificate was superseded; use its successor.");
    }
    if (!credential.liveAt(now)) {
      throw new Refusal(CommonProblem.FORBIDDEN, "This certificate is outside its validity.");
    }
  }
}

package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.sallyport.devices.SerialPattern;
import io.sallyport.enrollment.EnrollmentTokens.Coverage;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.enrollment.Enrollments.Enrollment;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateRequest;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.InetAddress;
import java.util.List;
import java.util.UUID;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.jspecify.annotations.Nullable;

/** The device behind an enrollment token, or the one of those it covers that the request names. */
@ApplicationScoped
class TokenProof {
  private final StoredTokens tokens;
  private final Devices devices;
  private final Turns turns;
  private final Audit audit;

  TokenProof(StoredTokens tokens, Devices devices, Turns turns, Audit audit) {
    this.tokens = tokens;
    this.devices = devices;
    this.turns = turns;
    this.audit = audit;
  }

  Proven prove(Enrollment enrollment) {
    EnrollmentToken token = token(enrollment);
    if (token == null) {
      throw new Refusal(
          EnrollmentProblem.UNKNOWN_CLIENT,
          "Authenticate with the manufacturer's certificate (IDevID) or with an enrollment token as HTTP Basic.");
    }
    try {
      Device device = device(token, enrollment);
      requireCovered(token, device, enrollment.remote());
      return new Proven(
          device, StoredTokens.digest(String.valueOf(enrollment.token())), null, token, null);
    } catch (Refusal refusal) {
      Fact fact = Fact.of("enrollment.refused", Actor.SERVER, "token", token.id())
          .with("problem", refusal.problem().slug());
      turns.run(() -> audit.recordRefusal(fact));
      throw refusal;
    }
  }

  /** The token that came with the request, or null; refuses a wrong one. */
  @Nullable
  EnrollmentToken token(Enrollment enrollment) {
    return enrollment.token() == null ? null : tokens.check(enrollment.token());
  }

  private Device device(EnrollmentToken token, Enrollment enrollment) {
    Coverage coverage = token.coverage();
    UUID device = coverage.device();
    if (device != null) {
      return devices.lookUp(device);
    }
    String serialNumber =
        serialNumber(CertificateRequest.read(enrollment.request()).subject());
    return devices
        .lookUp(String.valueOf(coverage.manufacturer()), serialNumber)
        .orElseThrow(() -> new Refusal(
            EnrollmentProblem.NOT_REGISTERED,
            "Serial number " + serialNumber + " of " + coverage.manufacturer()
                + " is not registered."));
  }

  /** What the request calls the device: the subject's serialNumber, or else its common name. */
  private static String serialNumber(X500Name subject) {
    List<String> found = DeviceNames.values(subject, BCStyle.SERIALNUMBER);
    if (found.isEmpty()) {
      found = DeviceNames.values(subject, BCStyle.CN);
    }
    if (found.size() != 1 || found.getFirst().isBlank()) {
      throw new Refusal(
          EnrollmentProblem.NOT_A_DEVICE,
          "The token is for several devices; name this one by its serial number in the request's subject.");
    }
    return found.getFirst();
  }

  /** Refuses when the token is for other devices, or may not be used from where the request comes. */
  static void requireCovered(EnrollmentToken token, Device device, String remote) {
    Coverage coverage = token.coverage();
    if (coverage.device() != null && !coverage.device().equals(device.id())) {
      throw new Refusal(
          EnrollmentProblem.TOKEN_OF_ANOTHER_DEVICE, "The token is not for this device.");
    }
    SerialPattern pattern = coverage.serialNumbers();
    if (coverage.manufacturer() != null
            && !coverage.manufacturer().equals(device.hardware().manufacturer())
        || pattern != null && !pattern.matches(device.hardware().serialNumber())
        || coverage.site() != null && !coverage.site().equals(device.site())) {
      throw new Refusal(EnrollmentProblem.NOT_COVERED, "The token does not cover this device.");
    }
    String network = coverage.network();
    if (network != null && !within(network, remote)) {
      throw new Refusal(
          EnrollmentProblem.NOT_COVERED, "The token may not be used from this network.");
    }
  }

  private static boolean within(String network, String remote) {
    int zone = remote.indexOf('%');
    try {
      return AddressBlock.parse(network)
          .contains(InetAddress.ofLiteral(zone < 0 ? remote : remote.substring(0, zone)));
    } catch (IllegalArgumentException unreadable) {
      return false;
    }
  }
}

package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Manufacturers;
import io.sallyport.devices.Recognition;
import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import io.sallyport.enrollment.Enrollments.Enrollment;
import io.sallyport.enrollment.StoredContacts.Reception;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;

/** The device behind an IDevID certificate (IEEE 802.1AR), and the token that came with it. */
@ApplicationScoped
class ManufacturerProof {

  private final Manufacturers manufacturers;
  private final Devices devices;
  private final TokenProof tokens;
  private final StoredContacts contacts;
  private final Turns turns;
  private final Audit audit;
  private final Clock clock;

  ManufacturerProof(
      Manufacturers manufacturers,
      Devices devices,
      TokenProof tokens,
      StoredContacts contacts,
      Turns turns,
      Audit audit,
      Clock clock) {
    this.manufacturers = manufacturers;
    this.devices = devices;
    this.tokens = tokens;
    this.contacts = contacts;
    this.turns = turns;
    this.audit = audit;
    this.clock = clock;
  }

  Contact prove(Enrollment enrollment) {
    X509Certificate leaf = enrollment.chain().getFirst();
    Recognition recognition = recognition(enrollment.chain());
    String serialNumber = serialNumber(leaf);
    try {
      manufacturers.requireStanding(recognition);
      EnrollmentToken token = tokens.token(enrollment);
      requireDevice(leaf);
      if (serialNumber.isEmpty()) {
        throw new Refusal(
            EnrollmentProblem.NOT_A_DEVICE,
            "The client certificate's subject has no serialNumber attribute (IEEE 802.1AR), so it names no device.");
      }
      recognition.requireSerialNumber(serialNumber);
      Device device = devices.lookUp(recognition.manufacturer(), serialNumber).orElse(null);
      if (device == null) {
        switch (turns.take(() ->
            contacts.receive(recognition, serialNumber, thumbprint(leaf), enrollment.remote()))) {
          case Reception.Admitted admitted -> device = admitted.device();
          case Reception.Held held -> {
            return new Contact.Held(held.retryAfter());
          }
        }
      }
      recognition.requireModel(device.hardware().model());
      if (token != null) {
        TokenProof.requireCovered(token, device, enrollment.remote());
      }
      Digest authentication = token == null
          ? thumbprint(leaf)
          : StoredTokens.digest(String.valueOf(enrollment.token()));
      return new Proven(
          device, authentication, Digest.of(leaf.getPublicKey().getEncoded()), token, recognition);
    } catch (Refusal refusal) {
      Fact fact = Fact.of(
              "enrollment.refused", Actor.SERVER, "manufacturer", recognition.manufacturer())
          .with("serial_number", serialNumber)
          .with("problem", refusal.problem().slug());
      turns.run(() -> audit.recordRefusal(fact));
      throw refusal;
    }
  }

  /** The registered device that an IDevID names; nothing is refused or recorded, and nobody admitted. */
  Optional<Device> known(List<X509Certificate> chain) {
    return manufacturers
        .whose(chain)
        .flatMap(recognition ->
            devices.lookUp(recognition.manufacturer(), serialNumber(chain.getFirst())));
  }

  private Recognition recognition(List<X509Certificate> chain) {
    Date now = Date.from(clock.instant());
    X509Certificate leaf = chain.getFirst();
    if (now.before(leaf.getNotBefore()) || now.after(leaf.getNotAfter())) {
      throw new Refusal(
          EnrollmentProblem.UNKNOWN_CLIENT, "The client certificate is outside its validity.");
    }
    return manufacturers
        .whose(chain)
        .orElseThrow(
            () -> new Refusal(
                EnrollmentProblem.UNKNOWN_CLIENT,
                "The client certificate does not lead to the trust anchor of a registered manufacturer."));
  }

  /** Law 10: a manufacturer's anchor certifies devices, not registration authorities and not further authorities. */
  private static void requireDevice(X509Certificate leaf) {
    boolean registrationAuthority;
    try {
      registrationAuthority = RegistrationAuthorities.hasUsage(leaf);
    } catch (CertificateParsingException e) {
      throw new Refusal(
          EnrollmentProblem.NOT_A_DEVICE, "The client certificate's key usage cannot be read.");
    }
    if (registrationAuthority || leaf.getBasicConstraints() >= 0) {
      throw new Refusal(
          EnrollmentProblem.NOT_A_DEVICE,
          "The client certificate is one of an authority, not of a device.");
    }
  }

  private static String serialNumber(X509Certificate leaf) {
    List<String> found = DeviceNames.values(
        X500Name.getInstance(leaf.getSubjectX500Principal().getEncoded()), BCStyle.SERIALNUMBER);
    return found.size() == 1 ? found.getFirst() : "";
  }

  private static Digest thumbprint(X509Certificate certificate) {
    try {
      return Digest.of(certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new Refusal(EnrollmentProblem.UNKNOWN_CLIENT, "The client certificate cannot be read.");
    }
  }
}

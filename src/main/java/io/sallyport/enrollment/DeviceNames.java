package io.sallyport.enrollment;

import io.sallyport.devices.Device;
import io.sallyport.kernel.DerText;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.Issuance.Name;
import io.sallyport.pki.OtherNames;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.Certificate;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;

/** What a device is called: the inventory decides, a request may only agree. */
final class DeviceNames {
  /** ChangeSubjectName (RFC 6402 §2.8). */
  private static final String CHANGE_SUBJECT_NAME = "1.3.6.1.5.5.7.7.36";

  private DeviceNames() {}

  /**
   * Of what {@code current} is called beside {@code own}, what its successor is called too. Host names are proven anew each
   * time, by ACME.
   */
  static List<Name> kept(Set<GeneralName> own, Certificate current) {
    List<Name> names = new ArrayList<>();
    for (GeneralName name : names(current)) {
      if (own.contains(name)) {
        continue;
      }
      if (name.getTagNo() == GeneralName.dNSName) {
        throw other(
            "The certificate has host names, which are proven each time; renew it by ACME.");
      }
      OtherNames.permanentIdentifier(name)
          .ifPresent(value -> names.add(new Name(Name.Kind.PERMANENT_IDENTIFIER, value)));
    }
    return names;
  }

  private static List<GeneralName> names(Certificate certificate) {
    GeneralNames names = GeneralNames.fromExtensions(
        certificate.getTBSCertificate().getExtensions(), Extension.subjectAlternativeName);
    return names == null ? List.of() : List.of(names.getNames());
  }

  /** A first request may leave names out, or name the device by its serial number or id, or as {@code constants} do. */
  static void requireOwn(
      CertificateRequest request, Device device, Set<GeneralName> names, Set<String> constants) {
    requireNoChange(request);
    Set<String> own = new HashSet<>(constants);
    own.add(device.hardware().serialNumber());
    own.add(device.id().toString());
    for (ASN1ObjectIdentifier type : List.of(BCStyle.CN, BCStyle.SERIALNUMBER)) {
      if (!own.containsAll(values(request.subject(), type))) {
        throw other(
            "The request's subject must be empty or name this device by its serial number or id.");
      }
    }
    if (!names.containsAll(request.names())) {
      throw other(
          "The request asks for a subject alternative name that is not this device's; leave it out.");
    }
  }

  /** All values of an attribute, wherever they stand in the name: a relative name may have several attributes. */
  static List<String> values(X500Name name, ASN1ObjectIdentifier type) {
    return Stream.of(name.getRDNs())
        .flatMap(rdn -> Stream.of(rdn.getTypesAndValues()))
        .filter(attribute -> attribute.getType().equals(type))
        .map(attribute -> DerText.of(attribute.getValue()).orElse(""))
        .toList();
  }

  /** A renewal names exactly what the current certificate names (RFC 7030 §4.2.2); alternatives may be left out. */
  static void requireUnchanged(CertificateRequest request, Certificate current) {
    requireNoChange(request);
    X500Name subject = current.getSubject();
    if (!request.subject().equals(subject)) {
      throw other("The request's subject must be that of the current certificate.");
    }
    if (request.names().isEmpty()) {
      return;
    }
    Set<GeneralName> own = new HashSet<>(names(current));
    if (!own.equals(new HashSet<>(request.names()))) {
      throw other(
          "The request's subject alternative names must be those of the current certificate.");
    }
  }

  static void requireNoChange(CertificateRequest request) {
    if (request.attributes().contains(CHANGE_SUBJECT_NAME)) {
      throw other(
          "Changing the subject's name is not supported; leave the ChangeSubjectName attribute out.");
    }
  }

  private static Refusal other(String detail) {
    return new Refusal(EnrollmentProblem.OTHER_NAMES, detail);
  }
}

package io.sallyport.enrollment;

import io.sallyport.devices.Device;
import io.sallyport.enrollment.Orders.Identifier;
import io.sallyport.enrollment.Orders.Kind;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.Issuance.Name;
import io.sallyport.pki.OtherNames;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;

/** Whether a PKCS #10 request asks for what was ordered, and for nothing else (RFC 8555 §7.4). */
final class OrderedRequest {
  private OrderedRequest() {}

  /** Refuses with {@code other-than-ordered}. */
  static void require(
      CertificateRequest request,
      List<Identifier> identifiers,
      Device device,
      CertificateProfile profile,
      Set<GeneralName> own,
      Digest accountKey) {
    if (request.subjectPublicKeyInfo().digest().equals(accountKey)) {
      throw other("The request's key is the account's key; make another one.");
    }
    DeviceNames.requireNoChange(request);
    Set<String> hosts = values(identifiers, Kind.DNS);
    Set<String> called = Stream.concat(
            hosts.stream(),
            Stream.of(device.hardware().serialNumber(), device.id().toString()))
        .collect(Collectors.toSet());
    requireSubject(request, called);
    requireNames(request, hosts, values(identifiers, Kind.PERMANENT_IDENTIFIER), own);
    request.extensions().forEach(extension -> requireExtension(extension, profile));
  }

  /** The identifiers as names of the certificate, in one order whatever order they were asked for in. */
  static List<Name> names(List<Identifier> identifiers) {
    return identifiers.stream()
        .map(identifier -> switch (identifier.kind()) {
          case DNS -> new Name(Name.Kind.DNS, identifier.value());
          case PERMANENT_IDENTIFIER -> new Name(Name.Kind.PERMANENT_IDENTIFIER, identifier.value());
        })
        .sorted((one, other) -> one.toString().compareTo(other.toString()))
        .toList();
  }

  private static Set<String> values(List<Identifier> identifiers, Kind kind) {
    return identifiers.stream()
        .filter(identifier -> identifier.kind() == kind)
        .map(Identifier::value)
        .collect(Collectors.toSet());
  }

  private static void requireSubject(CertificateRequest request, Set<String> own) {
    boolean named = Stream.of(BCStyle.CN, BCStyle.SERIALNUMBER)
        .flatMap(type -> DeviceNames.values(request.subject(), type).stream())
        .allMatch(value -> own.contains(value) || own.contains(value.toLowerCase(Locale.ROOT)));
    if (!named) {
      throw other("The request's subject must be empty or name what was ordered.");
    }
  }

  private static void requireNames(
      CertificateRequest request, Set<String> hosts, Set<String> permanent, Set<GeneralName> own) {
    Set<String> asked = new HashSet<>();
    for (GeneralName name : request.names()) {
      if (own.contains(name)) {
        continue;
      }
      if (name.getTagNo() == GeneralName.dNSName) {
        asked.add(name.getName().toString().toLowerCase(Locale.ROOT));
      } else if (!OtherNames.permanentIdentifier(name).map(permanent::contains).orElse(false)) {
        throw other("The request asks for a subject alternative name that was not ordered.");
      }
    }
    if (!asked.equals(hosts)) {
      throw other("The request's host names must be those of the order, no more and no fewer.");
    }
  }

  private static void requireExtension(Extension extension, CertificateProfile profile) {
    boolean allowed;
    try {
      allowed = allowed(extension, profile);
    } catch (IllegalArgumentException unreadable) {
      allowed = false;
    }
    if (!allowed) {
      throw other("The request asks for extension " + extension.getExtnId()
          + " with a value that this profile does not give; leave it out.");
    }
  }

  private static boolean allowed(Extension extension, CertificateProfile profile) {
    if (extension.getExtnId().equals(Extension.subjectAlternativeName)) {
      return true;
    }
    if (extension.getExtnId().equals(Extension.basicConstraints)) {
      return !BasicConstraints.getInstance(extension.getParsedValue()).isCA();
    }
    if (extension.getExtnId().equals(Extension.keyUsage)) {
      KeyUsage usage = KeyUsage.getInstance(extension.getParsedValue());
      return !usage.hasUsages(KeyUsage.keyCertSign) && !usage.hasUsages(KeyUsage.cRLSign);
    }
    if (extension.getExtnId().equals(Extension.extendedKeyUsage)) {
      return Stream.of(ExtendedKeyUsage.getInstance(extension.getParsedValue()).getUsages())
          .map(KeyPurposeId::getId)
          .allMatch(profile.extendedKeyUsages()::contains);
    }
    return false;
  }

  private static Refusal other(String detail) {
    return new Refusal(EnrollmentProblem.OTHER_THAN_ORDERED, detail);
  }
}

package io.sallyport.enrollment;

import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateProfile.SubjectAttribute;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.EnrollmentTerms.RequestTemplate;
import io.sallyport.pki.KeyKind;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.jspecify.annotations.Nullable;

/**
 * What a request under a certificate profile must look like: what is announced to clients (RFC 7030 §4.5, RFC 9908), and
 * then demanded of them. Of the subject it has what a device can know: texts without variables, and its own name.
 *
 * @param challengePassword whether the request is bound to its TLS connection by that attribute
 * @param keys the kinds of key that are certified; empty for every kind
 * @param purposes the extended key usages to ask for
 * @param subject in the order of the name; empty unless a template is given
 */
public record AnnouncedRequest(
    boolean challengePassword,
    List<KeyKind> keys,
    List<String> purposes,
    boolean template,
    List<SubjectPart> subject) {
  private static final Set<String> OWN = Set.of("CN", "serialNumber");

  public AnnouncedRequest {
    keys = List.copyOf(keys);
    purposes = List.copyOf(purposes);
    subject = List.copyOf(subject);
  }

  /**
   * A part of the distinguished name.
   *
   * @param value what must stand there, or null for the device's own name
   */
  public record SubjectPart(
      ASN1ObjectIdentifier type, @Nullable String value) {}

  /** Empty when the profile announces nothing. */
  static Optional<AnnouncedRequest> of(CertificateProfile profile) {
    boolean bound = profile.enrollment().channelBinding();
    RequestTemplate kind = profile.enrollment().requestTemplate();
    if (kind == RequestTemplate.NONE) {
      return bound
          ? Optional.of(new AnnouncedRequest(true, List.of(), List.of(), false, List.of()))
          : Optional.empty();
    }
    boolean template = kind == RequestTemplate.TEMPLATE;
    return Optional.of(new AnnouncedRequest(
        bound,
        profile.keys().stream().sorted().toList(),
        profile.extendedKeyUsages(),
        template,
        template ? subject(profile) : List.of()));
  }

  private static List<SubjectPart> subject(CertificateProfile profile) {
    return profile.subject().stream()
        .filter(part -> isConstant(part) || OWN.contains(part.type()))
        .map(part -> new SubjectPart(
            BCStyle.INSTANCE.attrNameToOID(part.type()),
            isConstant(part) ? part.value().text() : null))
        .toList();
  }

  private static boolean isConstant(SubjectAttribute part) {
    return !part.value().text().contains("${");
  }

  /** What a device may be called beside its own names, because the profile calls every device so. */
  static Set<String> constants(CertificateProfile profile) {
    Set<String> constants = new HashSet<>();
    profile.subject().stream()
        .filter(part -> OWN.contains(part.type()) && isConstant(part))
        .forEach(part -> constants.add(part.value().text()));
    return constants;
  }

  /** Refuses with {@code other-than-announced}, naming the first difference. Key and binding are checked by others. */
  void requireFirst(CertificateRequest request) {
    for (SubjectPart part : subject) {
      List<String> values = DeviceNames.values(request.subject(), part.type());
      if (part.value() == null ? values.isEmpty() : !values.contains(part.value())) {
        throw other("its subject must have "
            + BCStyle.INSTANCE.oidToDisplayName(part.type())
            + (part.value() == null ? "" : " \"" + part.value() + "\""));
      }
    }
    requireEach(request);
  }

  /** The same for a renewal, whose subject is that of the certificate before it. */
  void requireEach(CertificateRequest request) {
    if (!purposes.isEmpty() && !new HashSet<>(purposes).equals(purposes(request))) {
      throw other("it must ask for the extension extKeyUsage with " + String.join(", ", purposes));
    }
  }

  private static Set<String> purposes(CertificateRequest request) {
    Set<String> found = new HashSet<>();
    for (Extension extension : request.extensions()) {
      if (extension.getExtnId().equals(Extension.extendedKeyUsage)) {
        try {
          Stream.of(ExtendedKeyUsage.getInstance(extension.getParsedValue()).getUsages())
              .map(KeyPurposeId::getId)
              .forEach(found::add);
        } catch (IllegalArgumentException unreadable) {
          throw other("its extension extKeyUsage cannot be read");
        }
      }
    }
    return found;
  }

  private static Refusal other(String what) {
    return new Refusal(
        EnrollmentProblem.OTHER_THAN_ANNOUNCED,
        "The request is not as csrattrs says: " + what + ".");
  }
}

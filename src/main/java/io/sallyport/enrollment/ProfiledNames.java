package io.sallyport.enrollment;

import io.sallyport.devices.Device;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfile;
import io.sallyport.pki.CertificateProfile.AlternativeName;
import io.sallyport.pki.CertificateProfile.SubjectAttribute;
import io.sallyport.pki.Issuance.Name;
import io.sallyport.pki.Template;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.GeneralName;
import org.jspecify.annotations.Nullable;

/** What a device is called in a certificate, by the templates of its certificate profile. */
@ApplicationScoped
class ProfiledNames {
  /** Upper bounds of RFC 5280, A.1, in characters; 64 where no other is given. */
  private static final Map<String, Integer> LONGEST = Map.of("C", 2, "L", 128, "ST", 128);

  private static final int USUAL_LONGEST = 64;
  private static final String NAME = "name";
  private static final String COMMON_NAME = "CN";
  private static final String LABEL = "device.labels.";

  private final HostNames hosts;

  ProfiledNames(HostNames hosts) {
    this.hosts = hosts;
  }

  /**
   * The names of one certificate.
   *
   * @param alternatives those of the profile, then those that were proven
   */
  record Names(
      String distinguishedName,
      List<Name> alternatives,
      @Nullable String mudUrl) {
    Names {
      alternatives = List.copyOf(alternatives);
    }
  }

  /** Refuses with {@code name-not-available} what the device cannot be called. */
  Names of(Device device, CertificateProfile profile, List<Name> proven) {
    Set<Name> names = new LinkedHashSet<>(alternatives(device, profile));
    names.addAll(proven);
    if (profile.requiresHostName() && names.stream().noneMatch(ProfiledNames::isHost)) {
      throw unavailable(
          profile,
          "is of use with a host name only; order it by ACME, which proves"
              + " one, or give the profile a dns template");
    }
    Template mudUrl = profile.mudUrl();
    return new Names(
        distinguishedName(device, profile, names),
        List.copyOf(names),
        mudUrl == null ? null : uri(profile, filled(device, profile, mudUrl, true)));
  }

  /** Those that need no proof. */
  List<Name> alternatives(Device device, CertificateProfile profile) {
    return profile.alternativeNames().stream()
        .map(name -> alternative(device, profile, name))
        .distinct()
        .toList();
  }

  /** The same as they stand in a certificate or a request. */
  Set<GeneralName> own(Device device, CertificateProfile profile) {
    return alternatives(device, profile).stream().map(Name::general).collect(Collectors.toSet());
  }

  private Name alternative(Device device, CertificateProfile profile, AlternativeName name) {
    String value = filled(device, profile, name.value(), name.kind() == Name.Kind.URI);
    return new Name(
        name.kind(),
        switch (name.kind()) {
          case DNS -> hosts.require(value);
          case URI -> uri(profile, value);
          case HARDWARE_MODULE_NAME -> name.hardwareType() + ":" + value;
          case PERMANENT_IDENTIFIER, IP -> value;
        });
  }

  /**
   * Clients take CN for a host name and order it again when they renew, so a host name that was proven stands for {@code
   * ${name}}, or nothing when none is short enough.
   */
  private static String distinguishedName(
      Device device, CertificateProfile profile, Set<Name> names) {
    X500NameBuilder builder = new X500NameBuilder(BCStyle.INSTANCE);
    for (SubjectAttribute attribute : profile.subject()) {
      int longest = LONGEST.getOrDefault(attribute.type(), USUAL_LONGEST);
      boolean ofHost =
          attribute.type().equals(COMMON_NAME) && names.stream().anyMatch(ProfiledNames::isHost);
      Optional<String> value = attribute
          .value()
          .fill(variable -> variable.equals(NAME) && ofHost
              ? names.stream()
                  .filter(ProfiledNames::isHost)
                  .map(Name::value)
                  .filter(host -> host.length() <= longest)
                  .findFirst()
              : value(device, variable));
      if (value.isEmpty() && ofHost) {
        continue;
      }
      String text = value.orElseThrow(() -> missing(profile, attribute.value()));
      if (text.isBlank() || text.length() > longest) {
        throw unavailable(
            profile,
            "calls the device \"" + text + "\" in " + attribute.type() + ", which has 1 to "
                + longest + " characters (RFC 5280, A.1)");
      }
      builder.addRDN(BCStyle.INSTANCE.attrNameToOID(attribute.type()), text);
    }
    return builder.build().toString();
  }

  private static boolean isHost(Name name) {
    return name.kind() == Name.Kind.DNS;
  }

  private static String filled(
      Device device, CertificateProfile profile, Template template, boolean forUri) {
    Function<String, Optional<String>> values = variable -> value(device, variable);
    return template
        .fill(forUri ? values.andThen(value -> value.map(ProfiledNames::escaped)) : values)
        .orElseThrow(() -> missing(profile, template));
  }

  private static Optional<String> value(Device device, String variable) {
    return switch (variable) {
      case NAME, "hardware.serialNumber" -> Optional.of(device.hardware().serialNumber());
      case "hardware.manufacturer" -> Optional.of(device.hardware().manufacturer());
      case "hardware.model" -> Optional.of(device.hardware().model());
      case "device.id" -> Optional.of(device.id().toString());
      case "device.owner" -> Optional.of(device.owner());
      case "device.site" -> Optional.of(device.site());
      default ->
        variable.startsWith(LABEL)
            ? Optional.ofNullable(device.labels().get(variable.substring(LABEL.length())))
            : Optional.empty();
    };
  }

  /** RFC 3986 §2.1. */
  private static String escaped(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static String uri(CertificateProfile profile, String text) {
    try {
      if (new URI(text).isAbsolute()) {
        return text;
      }
    } catch (URISyntaxException e) {
      // Refused below.
    }
    throw unavailable(profile, "makes \"" + text + "\", which is no absolute URI");
  }

  private static Refusal missing(CertificateProfile profile, Template template) {
    return unavailable(
        profile,
        "says \"" + template.text()
            + "\", for which this device has no value; set the label, or use another profile");
  }

  private static Refusal unavailable(CertificateProfile profile, String what) {
    return new Refusal(
        EnrollmentProblem.NAME_NOT_AVAILABLE,
        "The certificate profile \"" + profile.name() + "\" " + what + ".");
  }
}

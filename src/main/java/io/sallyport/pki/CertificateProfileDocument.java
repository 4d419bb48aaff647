package io.sallyport.pki;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.YamlDocument;
import io.sallyport.pki.CertificateProfile.AlternativeName;
import io.sallyport.pki.CertificateProfile.SubjectAttribute;
import io.sallyport.pki.CertificateProfile.Usage;
import io.sallyport.pki.Issuance.Name;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads a CertificateProfile document, strictly, and refuses what no device may have (law 10). */
final class CertificateProfileDocument {
  static final Duration USUAL_BACKDATING = Duration.ofMinutes(10);
  private static final Duration USUAL_VALIDITY = Duration.ofDays(90);
  private static final Duration SHORTEST_VALIDITY = Duration.ofMinutes(5);
  private static final Duration LONGEST_VALIDITY = Duration.ofDays(20 * 365);
  private static final Duration LONGEST_BACKDATING = IssuerLints.LONGEST_BACKDATING;
  private static final int MOST_OF_A_KIND = 16;
  private static final Pattern OBJECT_IDENTIFIER =
      Pattern.compile("[0-2](\\.(0|[1-9][0-9]{0,17})){1,30}");

  /** EST and ACME have these words in their paths. */
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  private static final Set<String> RESERVED = Set.of(
      CertificateProfiles.ENFORCEMENT_POINT,
      CertificateProfiles.STATION,
      CertificateProfiles.REGISTRATION_AUTHORITY,
      CertificateProfiles.DOCUMENT_SIGNER,
      CertificateProfiles.SERVER,
      CertificateProfiles.ATTESTATION_KEY,
      CertificateProfiles.OCSP_RESPONDER,
      CertificateProfiles.AUTHORITY,
      "cacerts",
      "simpleenroll",
      "simplereenroll",
      "fullcmc",
      "serverkeygen",
      "csrattrs");

  /** X.520 attributes of which a device's name can be made. */
  private static final Set<String> ATTRIBUTES =
      Set.of("CN", "serialNumber", "O", "OU", "L", "ST", "C", "DC", "UID");

  private static final Map<String, String> PURPOSES = Map.of(
      "clientAuth", "1.3.6.1.5.5.7.3.2",
      "serverAuth", "1.3.6.1.5.5.7.3.1",
      "emailProtection", "1.3.6.1.5.5.7.3.4",
      "ipsecIKE", "1.3.6.1.5.5.7.3.17",
      "eapOverLAN", "1.3.6.1.5.5.7.3.14");

  /** Of authorities, responders, registration authorities, signers of code and time, and attestation keys. */
  private static final Set<String> NOT_FOR_DEVICES = Set.of(
      "2.5.29.37.0",
      "1.3.6.1.5.5.7.3.3",
      "1.3.6.1.5.5.7.3.8",
      "1.3.6.1.5.5.7.3.9",
      "1.3.6.1.5.5.7.3.27",
      "1.3.6.1.5.5.7.3.28",
      Linter.ATTESTATION_KEY_USAGE);

  private CertificateProfileDocument() {}

  static CertificateProfile read(String yaml) {
    Document document =
        YamlDocument.read(yaml, Document.class, CertificateProfileDocument::invalid);
    if (document == null
        || !YamlDocument.API_VERSION.equals(document.apiVersion)
        || !"CertificateProfile".equals(document.kind)) {
      throw invalid("apiVersion must be sallyport.io/v1 and kind CertificateProfile.");
    }
    String name = document.metadata == null ? null : document.metadata.name;
    if (name == null || !NAME.matcher(name).matches()) {
      throw invalid("metadata.name must have 1 to 63 of a-z 0-9 - and begin with a letter.");
    }
    if (RESERVED.contains(name)) {
      throw invalid("\"" + name + "\" is reserved; choose another name.");
    }
    if (document.spec == null) {
      throw invalid("spec is missing.");
    }
    return profile(name, document.spec);
  }

  private static CertificateProfile profile(String name, Spec spec) {
    List<String> purposes = purposes(some("extendedKeyUsages", spec.extendedKeyUsages));
    if (purposes.isEmpty()) {
      throw invalid("spec.extendedKeyUsages must name at least one, for instance clientAuth.");
    }
    Duration validity =
        duration("validity", spec.validity, USUAL_VALIDITY, SHORTEST_VALIDITY, LONGEST_VALIDITY);
    return new CertificateProfile(
        name,
        spec.issuer == null ? Authorities.DEVICES : spec.issuer,
        validity,
        duration(
            "backdating", spec.backdating, USUAL_BACKDATING, Duration.ZERO, LONGEST_BACKDATING),
        keys(some("keys", spec.keys)),
        subject(some("subject", spec.subject)),
        alternativeNames(some("alternativeNames", spec.alternativeNames)),
        usages(some("keyUsages", spec.keyUsages)),
        purposes,
        some("policies", spec.policies).stream()
            .map(oid -> objectIdentifier("policies", oid))
            .distinct()
            .toList(),
        mudUrl(spec.mudUrl),
        Boolean.TRUE.equals(spec.requiresHostName),
        !Boolean.FALSE.equals(spec.revocationPointers),
        EnrollmentTermsDocument.read(spec.enrollment, validity));
  }

  static Duration duration(
      String field, @Nullable String text, Duration usual, Duration least, Duration most) {
    if (text == null) {
      return usual;
    }
    Duration duration;
    try {
      duration = Duration.parse(text);
    } catch (DateTimeException e) {
      throw invalid("spec." + field + " must be an ISO 8601 duration such as P90D or PT12H.");
    }
    if (duration.compareTo(least) < 0 || duration.compareTo(most) > 0) {
      throw invalid("spec." + field + " must lie between " + least + " and " + most + ".");
    }
    return duration;
  }

  private static Set<KeyKind> keys(List<String> words) {
    Set<KeyKind> kinds = EnumSet.noneOf(KeyKind.class);
    for (String word : words) {
      kinds.add(KeyKind.ofWord(word)
          .orElseThrow(() -> invalid("spec.keys: \"" + word + "\" is none of "
              + String.join(", ", Stream.of(KeyKind.values()).map(KeyKind::word).toList())
              + ".")));
    }
    return kinds;
  }

  private static List<SubjectAttribute> subject(List<Map<String, String>> attributes) {
    List<SubjectAttribute> subject = new ArrayList<>();
    for (Map<String, String> attribute : attributes) {
      if (attribute.size() != 1 || !ATTRIBUTES.containsAll(attribute.keySet())) {
        throw invalid("spec.subject: each entry has one of "
            + String.join(", ", ATTRIBUTES.stream().sorted().toList())
            + " with its value.");
      }
      attribute.forEach((type, value) ->
          subject.add(new SubjectAttribute(type, template("subject." + type, value))));
    }
    if (subject.stream().noneMatch(one -> one.type().equals("serialNumber"))) {
      throw invalid("spec.subject must have a serialNumber (IEEE 802.1AR §8.6), for instance"
          + " serialNumber: \"${hardware.serialNumber}\".");
    }
    return subject;
  }

  private static List<AlternativeName> alternativeNames(List<Map<String, String>> entries) {
    List<AlternativeName> names = new ArrayList<>();
    for (Map<String, String> entry : entries) {
      String type = entry.get("type");
      List<String> kinds =
          entry.keySet().stream().filter(key -> !key.equals("type")).toList();
      Name.Kind kind = kinds.size() == 1 ? kind(kinds.getFirst()) : null;
      if (kind == null || (type != null) != (kind == Name.Kind.HARDWARE_MODULE_NAME)) {
        throw invalid("spec.alternativeNames: each entry is a dns, uri, permanentIdentifier, or a"
            + " hardwareModuleName with the type's object identifier beside it.");
      }
      names.add(new AlternativeName(
          kind,
          template("alternativeNames." + kinds.getFirst(), entry.get(kinds.getFirst())),
          type == null ? null : objectIdentifier("alternativeNames.type", type)));
    }
    return names;
  }

  private static Name.@Nullable Kind kind(String word) {
    return switch (word) {
      case "dns" -> Name.Kind.DNS;
      case "uri" -> Name.Kind.URI;
      case "permanentIdentifier" -> Name.Kind.PERMANENT_IDENTIFIER;
      case "hardwareModuleName" -> Name.Kind.HARDWARE_MODULE_NAME;
      default -> null;
    };
  }

  private static Set<Usage> usages(List<String> words) {
    Set<Usage> usages = EnumSet.of(Usage.DIGITAL_SIGNATURE);
    for (String word : words) {
      usages.add(Stream.of(Usage.values())
          .filter(usage -> usage.word().equals(word))
          .findFirst()
          .orElseThrow(() -> invalid("spec.keyUsages: \"" + word + "\" is none of "
              + String.join(", ", Stream.of(Usage.values()).map(Usage::word).toList())
              + ".")));
    }
    return usages;
  }

  private static List<String> purposes(List<String> words) {
    Set<String> purposes = new LinkedHashSet<>();
    for (String word : words) {
      String purpose = PURPOSES.get(word);
      String oid = purpose == null ? objectIdentifier("extendedKeyUsages", word) : purpose;
      if (NOT_FOR_DEVICES.contains(oid)) {
        throw invalid("spec.extendedKeyUsages: " + word + " is not for devices.");
      }
      purposes.add(oid);
    }
    return List.copyOf(purposes);
  }

  private static @Nullable Template mudUrl(@Nullable String text) {
    if (text == null) {
      return null;
    }
    if (!text.startsWith("https://")) {
      throw invalid("spec.mudUrl must begin with https:// (RFC 8520 §11).");
    }
    return template("mudUrl", text);
  }

  private static Template template(String field, @Nullable String text) {
    if (text == null) {
      throw invalid("spec." + field + " has no value.");
    }
    return new Template(text);
  }

  private static String objectIdentifier(String field, String text) {
    if (!OBJECT_IDENTIFIER.matcher(text).matches()) {
      throw invalid("spec." + field + ": \"" + text + "\" is no word known here and no dotted"
          + " object identifier.");
    }
    return text;
  }

  /** A list without holes, empty when there is none. */
  private static <T> List<T> some(String field, @Nullable List<@Nullable T> list) {
    List<T> whole = new ArrayList<>();
    for (T one : list == null ? List.<@Nullable T>of() : list) {
      if (one == null) {
        throw invalid("spec." + field + " has an empty entry.");
      }
      whole.add(one);
    }
    if (whole.size() > MOST_OF_A_KIND) {
      throw invalid("spec." + field + " may have " + MOST_OF_A_KIND + " entries at most.");
    }
    return whole;
  }

  static Refusal invalid(String detail) {
    return new Refusal(PkiProblem.INVALID_CERTIFICATE_PROFILE, detail);
  }

  private record Document(
      @JsonProperty @Nullable String apiVersion,
      @JsonProperty @Nullable String kind,
      @JsonProperty @Nullable Metadata metadata,
      @JsonProperty @Nullable Spec spec) {}

  private record Metadata(@JsonProperty @Nullable String name) {}

  private record Spec(
      @JsonProperty @Nullable String issuer,
      @JsonProperty @Nullable String validity,
      @JsonProperty @Nullable String backdating,
      @JsonProperty @Nullable List<@Nullable String> keys,
      @JsonProperty @Nullable List<@Nullable Map<String, String>> subject,
      @JsonProperty @Nullable List<@Nullable Map<String, String>> alternativeNames,
      @JsonProperty @Nullable List<@Nullable String> keyUsages,
      @JsonProperty @Nullable List<@Nullable String> extendedKeyUsages,
      @JsonProperty @Nullable List<@Nullable String> policies,
      @JsonProperty @Nullable String mudUrl,
      @JsonProperty @Nullable Boolean requiresHostName,
      @JsonProperty @Nullable Boolean revocationPointers,
      @JsonProperty @Nullable EnrollmentTermsDocument enrollment) {}
}

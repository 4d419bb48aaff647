package io.sallyport.devices;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sallyport.devices.DeviceProfile.CloneReaction;
import io.sallyport.devices.DeviceProfile.FirmwareReference;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.YamlDocument;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a DeviceProfile document, strictly. */
final class ProfileDocument {
  private static final Duration SHORTEST_VALIDITY = Duration.ofSeconds(10);
  private static final Duration LONGEST_VALIDITY = Duration.ofDays(30);
  private static final Duration DEFAULT_VALIDITY = Duration.ofMinutes(15);
  private static final Pattern DIGEST = Pattern.compile("sha-256:[0-9a-f]{64}");

  private ProfileDocument() {}

  static DeviceProfile read(String yaml) {
    return profile(YamlDocument.read(yaml, Document.class, ProfileDocument::invalid));
  }

  private static DeviceProfile profile(@Nullable Document document) {
    if (document == null
        || !YamlDocument.API_VERSION.equals(document.apiVersion)
        || !"DeviceProfile".equals(document.kind)) {
      throw invalid("apiVersion must be sallyport.io/v1 and kind DeviceProfile.");
    }
    if (document.metadata == null
        || document.metadata.name == null
        || !YamlDocument.isName(document.metadata.name)) {
      throw invalid(
          "metadata.name must have 1 to 63 of a-z 0-9 . - and start and end with a letter or digit.");
    }
    Spec spec = document.spec == null ? new Spec(null, null, null, null) : document.spec;
    List<String> certificateProfiles =
        spec.certificateProfiles == null ? List.of("device") : spec.certificateProfiles;
    if (certificateProfiles.isEmpty()
        || certificateProfiles.stream().anyMatch(name -> name == null || name.isBlank())) {
      throw invalid("spec.certificateProfiles must name at least one certificate profile.");
    }
    if (spec.policies != null
        && spec.policies.stream().anyMatch(name -> name == null || name.isBlank())) {
      throw invalid(
          "spec.policies must name access policies; leave it out for every policy that selects the profile.");
    }
    Attestation attestation =
        spec.attestation == null ? new Attestation(null, null, null, null) : spec.attestation;
    return new DeviceProfile(
        document.metadata.name,
        certificateProfiles,
        spec.policies,
        validity(attestation.validity),
        references(attestation.firmware),
        Boolean.TRUE.equals(attestation.secureBoot),
        pcrs(attestation.tpm),
        clones(spec.clones));
  }

  private static CloneReaction clones(@Nullable String word) {
    if (word == null) {
      return CloneReaction.ALERT;
    }
    return Arrays.stream(CloneReaction.values())
        .filter(reaction -> reaction.word().equals(word))
        .findFirst()
        .orElseThrow(() -> invalid("spec.clones must be alert or quarantine."));
  }

  private static Duration validity(@Nullable String text) {
    if (text == null) {
      return DEFAULT_VALIDITY;
    }
    Duration validity;
    try {
      validity = Duration.parse(text);
    } catch (DateTimeException e) {
      throw invalid("spec.attestation.validity must be an ISO 8601 duration such as PT15M.");
    }
    if (validity.compareTo(SHORTEST_VALIDITY) < 0 || validity.compareTo(LONGEST_VALIDITY) > 0) {
      throw invalid("spec.attestation.validity must lie between " + SHORTEST_VALIDITY + " and "
          + LONGEST_VALIDITY + ".");
    }
    return validity;
  }

  private static Map<String, List<FirmwareReference>> references(
      @Nullable Map<String, List<FirmwareReference>> firmware) {
    Map<String, List<FirmwareReference>> references = new TreeMap<>();
    if (firmware == null) {
      return references;
    }
    firmware.forEach((name, versions) -> {
      if (versions == null || versions.isEmpty()) {
        throw invalid(
            "spec.attestation.firmware." + name + " must list at least one version and digest.");
      }
      for (FirmwareReference reference : versions) {
        if (reference == null
            || reference.version() == null
            || reference.version().isBlank()
            || reference.digest() == null
            || !DIGEST.matcher(reference.digest()).matches()) {
          throw invalid(
              "spec.attestation.firmware." + name
                  + ": each entry needs version and digest, the digest as sha-256: and 64 lower-case hexadecimal digits.");
        }
      }
      references.put(name, List.copyOf(versions));
    });
    return references;
  }

  private static PcrReferences pcrs(@Nullable Tpm tpm) {
    if (tpm == null) {
      return PcrReferences.NONE;
    }
    if (tpm.pcrs == null || tpm.pcrs.isEmpty()) {
      throw invalid(
          "spec.attestation.tpm.pcrs must name a bank, its PCRs and the values that each may have.");
    }
    try {
      return PcrReferences.of(tpm.pcrs);
    } catch (IllegalArgumentException e) {
      throw invalid("spec.attestation.tpm.pcrs" + e.getMessage());
    }
  }

  private static Refusal invalid(String detail) {
    return new Refusal(DeviceProblem.INVALID_PROFILE, detail);
  }

  private record Document(
      @JsonProperty @Nullable String apiVersion,
      @JsonProperty @Nullable String kind,
      @JsonProperty @Nullable Metadata metadata,
      @JsonProperty @Nullable Spec spec) {}

  private record Metadata(@JsonProperty @Nullable String name) {}

  private record Spec(
      @JsonProperty @Nullable List<String> certificateProfiles,
      @JsonProperty @Nullable List<String> policies,
      @JsonProperty @Nullable Attestation attestation,
      @JsonProperty @Nullable String clones) {}

  private record Attestation(
      @JsonProperty @Nullable String validity,
      @JsonProperty @Nullable Boolean secureBoot,
      @JsonProperty @Nullable Map<String, List<FirmwareReference>> firmware,
      @JsonProperty @Nullable Tpm tpm) {}

  private record Tpm(
      @JsonProperty @Nullable
      Map<String, @Nullable Map<String, @Nullable List<@Nullable String>>> pcrs) {}
}

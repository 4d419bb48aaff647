package io.sallyport.attestation;

import io.sallyport.devices.DeviceProfile;
import io.sallyport.kernel.Digest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** Identifies an appraisal policy exactly: the rules, and the profile with its reference values. */
final class PolicyIds {
  private PolicyIds() {}

  /** @param rules the tag URI of the rules that were applied */
  static List<String> of(String rules, DeviceProfile profile) {
    StringBuilder canonical =
        new StringBuilder().append("secureBoot ").append(profile.secureBoot()).append('\n');
    new TreeMap<>(profile.firmware())
        .forEach((name, references) -> references.stream()
            .map(reference -> name
                + '\n'
                + reference.version()
                + '\n'
                + reference.digest().toLowerCase(Locale.ROOT)
                + '\n')
            .sorted()
            .forEach(canonical::append));
    profile
        .pcrs()
        .banks()
        .forEach((bank, pcrs) -> pcrs.forEach((pcr, values) -> canonical
            .append("pcr ")
            .append(bank)
            .append(' ')
            .append(pcr)
            .append(' ')
            .append(String.join(" ", values.stream().sorted().toList()))
            .append('\n')));
    Digest digest = Digest.of(canonical.toString().getBytes(StandardCharsets.UTF_8));
    return List.of(
        rules,
        "tag:sallyport.io,2026:device-profile/" + profile.name() + "#sha-256:" + digest.hex());
  }
}

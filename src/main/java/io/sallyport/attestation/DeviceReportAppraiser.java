package io.sallyport.attestation;

import static io.sallyport.attestation.ClaimNames.AFFIRMED;
import static io.sallyport.attestation.ClaimNames.CONFIGURATION;
import static io.sallyport.attestation.ClaimNames.CONTRAINDICATED;
import static io.sallyport.attestation.ClaimNames.EXECUTABLES;
import static io.sallyport.attestation.ClaimNames.HARDWARE;
import static io.sallyport.attestation.ClaimNames.INSTANCE_IDENTITY;
import static io.sallyport.attestation.ClaimNames.NO_STATEMENT;
import static io.sallyport.attestation.ClaimNames.WARNING;

import io.sallyport.attestation.Appraisal.Claim;
import io.sallyport.attestation.EvidenceVerifier.Findings;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfile.FirmwareReference;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Appraises a device's report of itself against the reference values of its profile, in the values of AR4SI
 * (draft-ietf-rats-ar4si §2.3.4). Pure.
 *
 * <table>
 * <caption>executables</caption>
 * <tr><td>32</td><td>version and digest are one reference; 2 is out of reach by law 10</td></tr>
 * <tr><td>96</td><td>anything else while the profile has references: its list is the whole of what is approved, and were
 * an unknown name only a warning, old firmware would pass under a made-up one</td></tr>
 * <tr><td>0</td><td>the profile has no references: insufficient to conclude anything, so no policy can rest on it (33,
 * "not recognized", would say that something was compared, and be as good as 32 to a policy that asks for a tier)</td></tr>
 * </table>
 */
final class DeviceReportAppraiser {
  private static final String RULES = "tag:sallyport.io,2026:device-report-appraisal#1";
  private static final String SUBMODULE = "device-report";

  private DeviceReportAppraiser() {}

  static Findings findings(DeviceReport report, DeviceProfile profile) {
    return new Findings(
        SUBMODULE, appraise(report, profile), observed(report), PolicyIds.of(RULES, profile));
  }

  /** Claims by AR4SI name. */
  private static Map<String, Claim> appraise(DeviceReport report, DeviceProfile profile) {
    Map<String, Claim> claims = new LinkedHashMap<>();
    claims.put(
        INSTANCE_IDENTITY,
        claim(
            report,
            AFFIRMED,
            "The report is signed by the key of a live certificate of this device."));
    claims.put(CONFIGURATION, configuration(report, profile));
    claims.put(EXECUTABLES, executables(report, profile));
    claims.put(
        HARDWARE,
        claim(report, NO_STATEMENT, "A device's own word says nothing about its hardware."));
    return claims;
  }

  /** What the evidence said, by the names that {@link Appraisal#observed} promises. */
  private static Map<String, Object> observed(DeviceReport report) {
    return Map.of(
        "firmware.name", report.firmware(),
        "firmware.version", report.version(),
        "firmware.digest", report.digest(),
        "secureBoot", report.secureBoot());
  }

  private static Claim configuration(DeviceReport report, DeviceProfile profile) {
    if (report.secureBoot()) {
      return claim(report, AFFIRMED, "Secure boot is on, says the device.");
    }
    return profile.secureBoot()
        ? claim(report, CONTRAINDICATED, "Secure boot is off and the profile requires it.")
        : claim(report, NO_STATEMENT, "Secure boot is off and the profile does not ask for it.");
  }

  private static Claim executables(DeviceReport report, DeviceProfile profile) {
    String firmware = "Firmware " + report.firmware() + " " + report.version();
    if (profile.firmware().isEmpty()) {
      return claim(
          report, NO_STATEMENT, "The profile has no reference values to compare firmware with.");
    }
    List<FirmwareReference> references = profile.firmware().get(report.firmware());
    if (references == null) {
      return claim(
          report,
          CONTRAINDICATED,
          firmware + " has a name that the profile has no reference values for.");
    }
    List<FirmwareReference> ofVersion = references.stream()
        .filter(reference -> reference.version().equals(report.version()))
        .toList();
    if (ofVersion.isEmpty()) {
      return claim(
          report, CONTRAINDICATED, firmware + " is none of the versions that the profile accepts.");
    }
    if (ofVersion.stream().noneMatch(reference -> lower(reference).equals(report.digest()))) {
      return claim(
          report, CONTRAINDICATED, firmware + " has another digest than its reference value.");
    }
    return claim(
        report,
        WARNING,
        firmware + " matches its reference value, but a device's own word stays below affirming.");
  }

  private static Claim claim(DeviceReport report, int value, String reason) {
    return new Claim(value, report.assurance(), report.source(), reason);
  }

  private static String lower(FirmwareReference reference) {
    return reference.digest().toLowerCase(Locale.ROOT);
  }
}

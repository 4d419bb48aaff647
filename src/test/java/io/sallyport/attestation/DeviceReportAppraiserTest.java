package io.sallyport.attestation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.attestation.Appraisal.Claim;
import io.sallyport.attestation.EvidenceVerifier.Findings;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.devices.DeviceProfile.FirmwareReference;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("NullAway") // a null where none may be fails the test
class DeviceReportAppraiserTest {
  private static final String GOOD = "sha-256:" + "ab".repeat(32);
  private static final String OTHER = "sha-256:" + "cd".repeat(32);

  @ParameterizedTest(name = "{0}")
  @CsvSource(delimiter = '|', textBlock = """
      the reference                       | camera-os | 1.3.0 | GOOD  | 32 | WARNING
      another reference                   | camera-os | 1.4.0 | OTHER | 32 | WARNING
      an old version                      | camera-os | 1.2.0 | GOOD  | 96 | CONTRAINDICATED
      another digest                      | camera-os | 1.3.0 | OTHER | 96 | CONTRAINDICATED
      one's version with another's digest | camera-os | 1.4.0 | GOOD  | 96 | CONTRAINDICATED
      a made-up name                      | camera-0s | 1.3.0 | GOOD  | 96 | CONTRAINDICATED
      a name that has no references       | radio     | 1.3.0 | GOOD  | 96 | CONTRAINDICATED
      """)
  void firmwareIsComparedWithTheReferences(
      String what, String name, String version, String digest, int value, TrustTier status) {
    var claims =
        appraise(report(name, version, digest.equals("GOOD") ? GOOD : OTHER, true), profile(true));

    assertEquals(value, claims.get("executables").value());
    assertEquals(status, status(claims));
    assertEquals(Assurance.SIGNED_SOFTWARE, claims.get("executables").assurance());
    assertEquals("eat+jwt", claims.get("executables").source());
  }

  @Test
  void goodFirmwareIsToldWhyItStaysBelowAffirming() {
    var claims = appraise(report("camera-os", "1.3.0", GOOD, true), profile(true));

    assertTrue(
        claims.get("executables").reason().contains("a device's own word stays below affirming"));
    assertEquals(
        Map.of("instance-identity", 2, "configuration", 2, "executables", 32, "hardware", 0),
        values(claims));
  }

  @Test
  void withoutReferencesNothingIsSaidAndNothingIsAffirmed() {
    DeviceProfile none = new DeviceProfile(
        "camera", List.of("device"), null, Duration.ofMinutes(15), Map.of(), false);
    var claims = appraise(report("camera-os", "1.3.0", GOOD, true), none);

    assertEquals(TrustTier.NONE, claims.get("executables").tier());
    assertEquals(TrustTier.NONE, status(claims));
  }

  @ParameterizedTest
  @CsvSource({"true,true,2", "true,false,96", "false,true,2", "false,false,0"})
  void secureBootCountsAsTheProfileSays(boolean required, boolean on, int value) {
    var claims = appraise(report("camera-os", "1.3.0", GOOD, on), profile(required));

    assertEquals(value, claims.get("configuration").value());
    assertEquals(value == 96 ? TrustTier.CONTRAINDICATED : TrustTier.WARNING, status(claims));
  }

  @Test
  void everyAppraisalOfAReportKeepsLaw10() {
    for (String name : List.of("camera-os", "radio", "x")) {
      for (String digest : List.of(GOOD, OTHER)) {
        for (boolean on : new boolean[] {true, false}) {
          var claims = appraise(report(name, "1.3.0", digest, on), profile(true));
          assertNotEquals(TrustTier.AFFIRMING, claims.get("executables").tier());
          assertNotEquals(TrustTier.AFFIRMING, claims.get("hardware").tier());
        }
      }
    }
  }

  @Test
  void thePolicyIdChangesWithTheReferences() {
    assertEquals(policyIds(profile(true)), policyIds(profile(true)));
    assertNotEquals(policyIds(profile(true)), policyIds(profile(false)));
  }

  static DeviceProfile profile(boolean secureBoot) {
    return new DeviceProfile(
        "camera",
        List.of("device"),
        null,
        Duration.ofMinutes(15),
        Map.of(
            "camera-os",
            List.of(
                new FirmwareReference("1.3.0", "sha-256:" + "AB".repeat(32)),
                new FirmwareReference("1.4.0", OTHER)),
            "radio",
            List.of()),
        secureBoot);
  }

  private static Map<String, Claim> appraise(DeviceReport report, DeviceProfile profile) {
    return DeviceReportAppraiser.findings(report, profile).claims();
  }

  private static TrustTier status(Map<String, Claim> claims) {
    return new Findings("device-report", claims, Map.of(), List.of()).status();
  }

  private static List<String> policyIds(DeviceProfile profile) {
    return DeviceReportAppraiser.findings(report("camera-os", "1.3.0", GOOD, true), profile)
        .policyIds();
  }

  private static DeviceReport report(
      String name, String version, String digest, boolean secureBoot) {
    return new DeviceReport(
        "eat+jwt", Assurance.SIGNED_SOFTWARE, name, version, digest, secureBoot);
  }

  private static Map<String, Integer> values(Map<String, Claim> claims) {
    return claims.entrySet().stream()
        .collect(java.util.stream.Collectors.toMap(
            Map.Entry::getKey, claim -> claim.getValue().value()));
  }
}

package io.sallyport.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.devices.DeviceProfile.FirmwareReference;
import io.sallyport.kernel.Refusal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ProfileDocumentTest {
  private static final String PCR = "0".repeat(64);

  private static final String HEAD = """
      apiVersion: sallyport.io/v1
      kind: DeviceProfile
      metadata: {name: camera}
      """;

  private static final String DIGEST = "sha-256:" + "0a".repeat(32);

  static Stream<Arguments> badDocuments() {
    return Stream.of(
        bad("an empty document", "", ""),
        bad("no YAML", "apiVersion: \"x", "Line 1"),
        bad("a list", "- a", "the document"),
        bad("another version", HEAD.replace("v1", "v2"), "apiVersion"),
        bad("another kind", HEAD.replace("DeviceProfile", "AccessPolicy"), "kind"),
        bad("no name", HEAD.replace("{name: camera}", "{}"), "metadata.name"),
        bad("a name in capitals", HEAD.replace("camera", "Camera"), "metadata.name"),
        bad("a name that is too long", HEAD.replace("camera", "c".repeat(64)), "metadata.name"),
        bad("two documents", HEAD + "---\n" + HEAD, ""),
        bad("a field that stands twice", HEAD + "kind: DeviceProfile\n", "Line 4"),
        bad("an unknown field", HEAD + "spec: {colour: red}", "Line 4: unknown field \"colour\""),
        bad(
            "an unknown field of the attestation",
            HEAD + "spec:\n  attestation: {secureboot: true}",
            "Line 5"),
        bad(
            "a string for secure boot",
            HEAD + "spec: {attestation: {secureBoot: sure}}",
            "secureBoot"),
        bad(
            "no certificate profile",
            HEAD + "spec: {certificateProfiles: []}",
            "certificateProfiles"),
        bad(
            "an empty certificate profile",
            HEAD + "spec: {certificateProfiles: [\"\"]}",
            "certificateProfiles"),
        bad(
            "a null certificate profile",
            HEAD + "spec: {certificateProfiles: [null]}",
            "certificateProfiles"),
        bad("a null policy", HEAD + "spec: {policies: [null]}", "spec.policies"),
        bad("policies that are no list", HEAD + "spec: {policies: {a: b}}", "spec.policies"),
        bad(
            "a validity that is no duration",
            HEAD + "spec: {attestation: {validity: 15m}}",
            "ISO 8601"),
        bad(
            "a validity that is too short",
            HEAD + "spec: {attestation: {validity: PT9S}}",
            "between"),
        bad(
            "a validity that is too long",
            HEAD + "spec: {attestation: {validity: P31D}}",
            "between"),
        bad("a negative validity", HEAD + "spec: {attestation: {validity: -PT15M}}", "between"),
        bad(
            "a validity beyond all numbers",
            HEAD + "spec: {attestation: {validity: P99999999999999999999D}}",
            "ISO"),
        bad(
            "firmware without versions",
            HEAD + "spec: {attestation: {firmware: {os: []}}}",
            "firmware.os"),
        bad(
            "firmware that is null",
            HEAD + "spec: {attestation: {firmware: {os: null}}}",
            "firmware.os"),
        bad(
            "a null version",
            HEAD + "spec: {attestation: {firmware: {os: [null]}}}",
            "firmware.os"),
        bad("a version without a digest", firmware("{version: \"1\"}"), "digest"),
        bad("a digest without a version", firmware("{digest: \"" + DIGEST + "\"}"), "version"),
        bad("an empty version", firmware("{version: \"\", digest: \"" + DIGEST + "\"}"), "version"),
        bad("a short digest", firmware("{version: \"1\", digest: \"sha-256:0a\"}"), "hexadecimal"),
        bad(
            "a digest in capitals",
            firmware("{version: \"1\", digest: \"" + DIGEST.toUpperCase() + "\"}"),
            "lower-case"),
        bad("a TPM without PCRs", HEAD + "spec: {attestation: {tpm: {}}}", "tpm.pcrs"),
        bad("an unknown field of a TPM", HEAD + "spec: {attestation: {tpm: {log: 1}}}", "log"),
        bad("a bank that is refused", pcrs("sha1: {\"0\": [\"" + "0".repeat(40) + "\"]}"), "SHA-1"),
        bad("a bank without PCRs", pcrs("sha256: {}"), "at least one PCR"),
        bad("a PCR that is no number", pcrs("sha256: {x: [\"" + PCR + "\"]}"), "0 to 23"),
        bad("a PCR that does not exist", pcrs("sha256: {24: [\"" + PCR + "\"]}"), "0 to 23"),
        bad("a PCR with a zero in front", pcrs("sha256: {\"07\": [\"" + PCR + "\"]}"), "0 to 23"),
        bad("a PCR without values", pcrs("sha256: {\"7\": []}"), "sha256.7"),
        bad("a PCR with a null value", pcrs("sha256: {\"7\": [null]}"), "64 lower-case"),
        bad("a short PCR value", pcrs("sha256: {\"7\": [\"00\"]}"), "64 lower-case"),
        bad(
            "a PCR value in capitals",
            pcrs("sha256: {\"7\": [\"" + "A".repeat(64) + "\"]}"),
            "64 lower"),
        bad(
            "a PCR value of another bank",
            pcrs("sha384: {\"7\": [\"" + PCR + "\"]}"),
            "96 lower-case"),
        bad("a document that is too large", HEAD + "# " + "x".repeat(256 * 1024), "at most"));
  }

  private static Arguments bad(String what, String yaml, String says) {
    return Arguments.of(Named.of(what, yaml), says);
  }

  private static String pcrs(String banks) {
    return HEAD + "spec: {attestation: {tpm: {pcrs: {" + banks + "}}}}";
  }

  @Test
  void readsWhatThePcrsOfATpmMayHold() {
    DeviceProfile profile = ProfileDocument.read(HEAD + """
        spec:
          attestation:
            tpm:
              pcrs:
                sha256: {"0": ["%1$s"], 7: [%1$s, "%2$s", "%2$s"]}
        """.formatted(PCR, "ab".repeat(32)));

    assertEquals(
        Map.of("sha256", Map.of(0, List.of(PCR), 7, List.of(PCR, "ab".repeat(32)))),
        profile.pcrs().banks());
  }

  private static String firmware(String reference) {
    return HEAD + "spec: {attestation: {firmware: {os: [" + reference + "]}}}";
  }

  @ParameterizedTest
  @MethodSource("badDocuments")
  void refusesABadDocumentAndSaysWhere(String yaml, String says) {
    Refusal refusal = assertThrows(Refusal.class, () -> ProfileDocument.read(yaml));

    assertEquals(DeviceProblem.INVALID_PROFILE, refusal.problem());
    assertTrue(refusal.detail().contains(says), refusal.detail());
  }

  @Test
  void givesDefaultsToADocumentThatOnlyNamesItself() {
    DeviceProfile profile = ProfileDocument.read(HEAD);

    assertEquals(
        new DeviceProfile(
            "camera", List.of("device"), null, Duration.ofMinutes(15), Map.of(), false),
        profile);
  }

  @Test
  void readsEveryField() {
    DeviceProfile profile = ProfileDocument.read(HEAD + """
        spec:
          certificateProfiles: [device]
          policies: [cameras]
          attestation:
            validity: PT1H
            secureBoot: true
            firmware:
              camera-os:
                - {version: "1.3.0", digest: "%s"}
        """.formatted(DIGEST));

    assertEquals(
        new DeviceProfile(
            "camera",
            List.of("device"),
            List.of("cameras"),
            Duration.ofHours(1),
            Map.of("camera-os", List.of(new FirmwareReference("1.3.0", DIGEST))),
            true),
        profile);
  }

  @Test
  void readsTheOldYamlBooleanAsWhatItSays() {
    assertTrue(
        ProfileDocument.read(HEAD + "spec: {attestation: {secureBoot: yes}}").secureBoot());
  }

  @Test
  void doesNotExpandAliases() {
    String laughs = HEAD + "spec:\n  certificateProfiles: &a [device]\n  policies: *a\n";

    // Whatever it makes of an alias, it never multiplies: a refusal, or the one list again.
    try {
      assertEquals(List.of("device"), ProfileDocument.read(laughs).policies());
    } catch (Refusal refusal) {
      assertEquals(DeviceProblem.INVALID_PROFILE, refusal.problem());
    }
  }
}

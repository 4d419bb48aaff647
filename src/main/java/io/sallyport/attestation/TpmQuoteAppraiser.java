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
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Appraises a quote that was checked against the reference values of a profile, in the values of AR4SI
 * (draft-ietf-rats-ar4si §2.3.4). Pure.
 *
 * <table>
 * <caption>claims</caption>
 * <tr><td>executables</td><td>2 when every PCR has an accepted value, otherwise 96</td></tr>
 * <tr><td>configuration</td><td>PCR 7, which holds the state of secure boot: 2 or 96; 0 when it is not quoted</td></tr>
 * <tr><td>hardware</td><td>2; 32 while the TPM's clock is not safe; 96 when its clock or counters went back, and then
 * executables too</td></tr>
 * <tr><td>instance-identity</td><td>2 when the certificate's key is shown to live in the same TPM, otherwise 32: the
 * quote may be of one machine and the certificate on another</td></tr>
 * </table>
 */
final class TpmQuoteAppraiser {
  private static final String SOURCE = "tpm-quote";
  private static final String RULES = "tag:sallyport.io,2026:tpm-quote-appraisal#1";
  private static final int SECURE_BOOT = 7;

  /** So many wrong PCRs are named with their values; a reason is a sentence, not a dump. */
  private static final int MOST_NAMED = 3;

  private static final HexFormat HEX = HexFormat.of();

  private TpmQuoteAppraiser() {}

  /**
   * What is known to have been quoted.
   *
   * @param pcrs by bank, then by number
   * @param certified whether the device certificate's key was shown to live in the TPM
   * @param wentBack what of its clock or counters did, in words
   */
  record Checked(
      SortedMap<String, SortedMap<Integer, byte[]>> pcrs,
      TpmClock clock,
      boolean certified,
      Optional<String> wentBack) {}

  static Findings findings(DeviceProfile profile, Checked quote) {
    List<String> wrong = new ArrayList<>();
    boolean secureBootQuoted = false;
    boolean secureBootRight = true;
    for (var bank : profile.pcrs().banks().entrySet()) {
      SortedMap<Integer, byte[]> values = quote.pcrs().get(bank.getKey());
      for (var reference : bank.getValue().entrySet()) {
        byte[] value = values == null ? null : values.get(reference.getKey());
        String hex = value == null ? "missing" : HEX.formatHex(value);
        boolean right = reference.getValue().contains(hex);
        if (!right) {
          wrong.add("PCR " + reference.getKey() + " (" + bank.getKey() + ") is " + hex);
        }
        if (reference.getKey() == SECURE_BOOT) {
          secureBootQuoted = true;
          secureBootRight &= right;
        }
      }
    }
    Map<String, Claim> claims = new LinkedHashMap<>();
    claims.put(INSTANCE_IDENTITY, instanceIdentity(quote));
    claims.put(EXECUTABLES, executables(quote, wrong));
    claims.put(CONFIGURATION, configuration(secureBootQuoted, secureBootRight));
    claims.put(HARDWARE, hardware(quote));
    return new Findings(
        SOURCE,
        claims,
        Map.of("tpm.clock_safe", quote.clock().safe()),
        PolicyIds.of(RULES, profile));
  }

  private static Claim instanceIdentity(Checked quote) {
    return quote.certified()
        ? claim(
            AFFIRMED, "The key of the device's certificate lives in the TPM that made the quote.")
        : claim(
            WARNING,
            "The key of the device's certificate was not shown to live in the TPM that made the quote.");
  }

  private static Claim executables(Checked quote, List<String> wrong) {
    if (quote.wentBack().isPresent()) {
      return claim(CONTRAINDICATED, "The TPM went back, so its PCRs may be of another time.");
    }
    if (wrong.isEmpty()) {
      return claim(AFFIRMED, "Every PCR of the profile has a value that it accepts.");
    }
    String more = wrong.size() > MOST_NAMED ? " and " + (wrong.size() - MOST_NAMED) + " more" : "";
    return claim(
        CONTRAINDICATED,
        "Not a value that the profile accepts: "
            + String.join(", ", wrong.subList(0, Math.min(MOST_NAMED, wrong.size()))) + more + ".");
  }

  private static Claim configuration(boolean quoted, boolean right) {
    if (!quoted) {
      return claim(NO_STATEMENT, "The profile does not ask for PCR 7, which tells of secure boot.");
    }
    return right
        ? claim(
            AFFIRMED, "PCR 7, which tells of secure boot, has a value that the profile accepts.")
        : claim(
            CONTRAINDICATED,
            "PCR 7, which tells of secure boot, has no value that the profile accepts.");
  }

  private static Claim hardware(Checked quote) {
    if (quote.wentBack().isPresent()) {
      return claim(CONTRAINDICATED, "The TPM went back. " + quote.wentBack().get());
    }
    return quote.clock().safe()
        ? claim(AFFIRMED, "The TPM's endorsement key is certified by a trusted root.")
        : claim(
            WARNING,
            "The TPM lost power without a shutdown and its clock is not safe yet; this lasts up to 70 minutes.");
  }

  private static Claim claim(int value, String reason) {
    return new Claim(value, Assurance.HARDWARE, SOURCE, reason);
  }
}

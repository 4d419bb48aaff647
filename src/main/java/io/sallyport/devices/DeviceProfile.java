package io.sallyport.devices;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What applies to a kind of device.
 *
 * @param certificateProfiles names of the certificate profiles it may have, the default first
 * @param policies names of the only access policies that permit, or null for every policy that selects it
 * @param appraisalValidity how long an appraisal counts
 * @param firmware reference values by firmware name; empty when none are set
 * @param secureBoot whether secure boot is required for {@code configuration} to be affirming
 * @param pcrs what a TPM's PCRs must hold; empty when the device has no TPM to attest by
 * @param clones what follows when something of the device seems to exist twice
 */
public record DeviceProfile(
    String name,
    List<String> certificateProfiles,
    @Nullable List<String> policies,
    Duration appraisalValidity,
    Map<String, List<FirmwareReference>> firmware,
    boolean secureBoot,
    PcrReferences pcrs,
    CloneReaction clones) {
  public DeviceProfile {
    certificateProfiles = List.copyOf(certificateProfiles);
    policies = policies == null ? null : List.copyOf(policies);
    firmware = Map.copyOf(firmware);
  }

  /** Without reference values for a TPM. */
  public DeviceProfile(
      String name,
      List<String> certificateProfiles,
      @Nullable List<String> policies,
      Duration appraisalValidity,
      Map<String, List<FirmwareReference>> firmware,
      boolean secureBoot) {
    this(
        name,
        certificateProfiles,
        policies,
        appraisalValidity,
        firmware,
        secureBoot,
        PcrReferences.NONE);
  }

  /** With the usual answer to a sign of a clone. */
  public DeviceProfile(
      String name,
      List<String> certificateProfiles,
      @Nullable List<String> policies,
      Duration appraisalValidity,
      Map<String, List<FirmwareReference>> firmware,
      boolean secureBoot,
      PcrReferences pcrs) {
    this(
        name,
        certificateProfiles,
        policies,
        appraisalValidity,
        firmware,
        secureBoot,
        pcrs,
        CloneReaction.ALERT);
  }

  /** What follows a sign of a clone. Devices that roam or stand behind changing addresses give such signs, too. */
  public enum CloneReaction {
    ALERT,
    QUARANTINE;

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * One firmware that is accepted.
   *
   * @param digest {@code sha-256:} and 64 hexadecimal digits
   */
  public record FirmwareReference(String version, String digest) {}
}

package io.sallyport.admin.api;

import io.sallyport.devices.Device;
import io.sallyport.pki.Credential;
import io.sallyport.pki.RenewalPlan.Renewal;
import io.sallyport.pki.TrustBundles;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * A device with what it holds and how it was last seen.
 *
 * @param certificates newest first, revoked and superseded ones included
 * @param renewals when each live certificate is asked to be renewed
 * @param appraisal the newest, expired or not; null when it never attested
 */
@Schema(name = "DeviceDetail")
record DeviceDetail(
    UUID id,
    String name,
    String manufacturer,
    String model,
    String serialNumber,
    String profile,
    String owner,
    String site,
    Map<String, String> labels,

    @Schema(
        enumeration = {"expected", "active", "quarantined", "suspended", "wiping", "decommissioned"
        })
    String state,

    Instant createdAt,
    List<CertificateView> certificates,
    List<RenewalView> renewals,
    @Schema(nullable = true) @Nullable AppraisalView appraisal,
    @Schema(nullable = true) @Nullable TrustBundleView trustBundle) {
  DeviceDetail {
    labels = Map.copyOf(labels);
    certificates = List.copyOf(certificates);
    renewals = List.copyOf(renewals);
  }

  static DeviceDetail of(
      Device device,
      List<CertificateView> certificates,
      List<RenewalView> renewals,
      @Nullable AppraisalView appraisal,
      @Nullable TrustBundleView trustBundle) {
    DeviceView view = DeviceView.of(device);
    return new DeviceDetail(
        view.id(),
        view.name(),
        view.manufacturer(),
        view.model(),
        view.serialNumber(),
        view.profile(),
        view.owner(),
        view.site(),
        view.labels(),
        view.state(),
        view.createdAt(),
        certificates,
        renewals,
        appraisal,
        trustBundle);
  }

  /** When a live certificate is to be renewed. */
  @Schema(name = "Renewal")
  record RenewalView(
      String authority,
      String serial,

      @Schema(description = "When its renewal window opens.")
      Instant opensAt,

      @Schema(description = "When it is asked for; spread over the window, earlier by a campaign.")
      Instant renewAt,

      @Schema(description = "When it is too late.") Instant closesAt,

      @Schema(nullable = true, description = "The campaign that pulled it forward.") @Nullable
      UUID campaign) {
    static RenewalView of(Credential credential, Renewal renewal) {
      return new RenewalView(
          credential.authority(),
          credential.serial().toString(16),
          renewal.opensAt(),
          renewal.at(),
          renewal.closesAt(),
          renewal.campaign());
    }
  }

  /** The CA certificates that a device fetched last while it showed its own. */
  @Schema(name = "TrustBundle")
  record TrustBundleView(
      @Schema(description = "Over the digests of the certificates in their order, in hex.")
      String sha256,

      Instant fetchedAt,
      List<String> authorities) {
    static TrustBundleView of(TrustBundles.Fetched fetched) {
      return new TrustBundleView(fetched.bundle().hex(), fetched.at(), fetched.authorities());
    }
  }
}

package io.sallyport.admin.api;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * A device with what it holds and how it was last seen.
 *
 * @param certificates newest first, revoked and superseded ones included
 * @param appraisal the newest, expired or not; null when it never attested
 */
@Schema(name = "DeviceDetail")
record DeviceDetail(
    @JsonUnwrapped DeviceView device,
    List<CertificateView> certificates,
    @Schema(nullable = true) @Nullable AppraisalView appraisal) {
  DeviceDetail {
    certificates = List.copyOf(certificates);
  }
}

package io.sallyport.pki;

import io.sallyport.pki.RenewalPlan.Campaign;
import io.sallyport.pki.RenewalPlan.Scope;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "renewal_campaign")
class RenewalCampaignRow {
  @Id
  UUID id;

  @Nullable
  String authority;

  @Column(name = "certificate_profile")
  @Nullable
  String certificateProfile;

  @Column(name = "device_profile")
  @Nullable
  String deviceProfile;

  @Nullable
  String site;

  String reason;

  @Column(name = "started_by")
  String startedBy;

  @Column(name = "started_at")
  Instant startedAt;

  Instant until;

  @Column(name = "ended_at")
  @Nullable
  Instant endedAt;

  @SuppressWarnings("NullAway.Init")
  protected RenewalCampaignRow() {}

  RenewalCampaignRow(Campaign campaign) {
    this.id = campaign.id();
    this.authority = campaign.scope().authority();
    this.certificateProfile = campaign.scope().certificateProfile();
    this.deviceProfile = campaign.scope().deviceProfile();
    this.site = campaign.scope().site();
    this.reason = campaign.reason();
    this.startedBy = campaign.startedBy();
    this.startedAt = campaign.startedAt();
    this.until = campaign.until();
  }

  Campaign campaign() {
    return new Campaign(
        id,
        new Scope(authority, certificateProfile, deviceProfile, site),
        reason,
        startedBy,
        startedAt,
        until,
        endedAt);
  }
}

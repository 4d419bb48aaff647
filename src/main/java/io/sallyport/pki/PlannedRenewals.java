package io.sallyport.pki;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.audit.FactRecorded;
import io.sallyport.devices.Device;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Renewals by each certificate's window and by the campaigns, which every node keeps in memory for a moment. */
@ApplicationScoped
class PlannedRenewals implements RenewalPlan {
  private static final String SUBJECT = "renewal-campaign";
  /** How long another node's campaign may go unnoticed. */
  private static final Duration FRESH = Duration.ofSeconds(5);

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final EntityManager entities;
  private final CertificateProfiles profiles;
  private final Devices devices;
  private final OpenCampaigns open;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;
  private volatile @Nullable Known known;

  /** The campaigns that hold, as they were at a time. */
  private record Known(List<Campaign> campaigns, Instant at) {}

  PlannedRenewals(
      EntityManager entities,
      CertificateProfiles profiles,
      Devices devices,
      OpenCampaigns open,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.entities = entities;
    this.profiles = profiles;
    this.devices = devices;
    this.open = open;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Renewal of(Credential credential) {
    Optional<CertificateProfile> profile = profiles.find(credential.profile());
    Instant opensAt = RenewalWindow.opensAt(
        credential.notBefore(),
        credential.notAfter(),
        profile
            .map(CertificateProfile::enrollment)
            .map(EnrollmentTerms::renewalWindow)
            .orElse(null));
    Instant closesAt = credential.notAfter();
    Instant at = RenewalTimes.inWindow(opensAt, closesAt, credential.thumbprint());
    UUID campaign = null;
    Optional<Device> device = Optional.empty();
    for (Campaign one : holding()) {
      if (!concerns(one, credential)) {
        continue;
      }
      Scope scope = one.scope();
      if (scope.site() != null || scope.deviceProfile() != null) {
        device = device.or(() -> credential.subject().onDevice().flatMap(devices::find));
        if (device.isEmpty()
            || !isAny(scope.site(), device.get().site())
            || !isAny(scope.deviceProfile(), device.get().profile())) {
          continue;
        }
      }
      Instant pulled = RenewalTimes.within(one.startedAt(), one.until(), credential.thumbprint());
      if (pulled.isBefore(at)) {
        at = pulled;
        campaign = one.id();
      }
    }
    return new Renewal(opensAt.isBefore(at) ? opensAt : at, at, closesAt, campaign);
  }

  /** By when it was issued: a successor that came since is not asked for again. */
  private boolean concerns(Campaign campaign, Credential credential) {
    return isAny(campaign.scope().authority(), credential.authority())
        && isAny(campaign.scope().certificateProfile(), credential.profile())
        && issuedAt(credential).isBefore(campaign.startedAt());
  }

  /** Its beginning is in whole seconds, so this is never before the truth, and at most a second behind it. */
  private Instant issuedAt(Credential credential) {
    Duration backdating = profiles
        .find(credential.profile())
        .map(CertificateProfile::backdating)
        .orElse(Duration.ZERO);
    return credential.notBefore().plus(backdating).plus(SECOND);
  }

  private static boolean isAny(@Nullable String wanted, String is) {
    return wanted == null || wanted.equals(is);
  }

  private List<Campaign> holding() {
    Instant now = clock.instant();
    Known last = known;
    if (last == null || last.at.plus(FRESH).isBefore(now)) {
      last = new Known(open.read(), now);
      known = last;
    }
    return last.campaigns;
  }

  void recorded(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    if (recorded.fact().subjectType().equals(SUBJECT)) {
      known = null;
    }
  }

  @Override
  @Transactional
  public Campaign pullForward(Scope scope, Duration within, String reason, Actor actor) {
    if (within.isNegative() || within.compareTo(LONGEST_CAMPAIGN) > 0) {
      throw new Refusal(
          PkiProblem.INVALID_CAMPAIGN,
          "The time over which renewals are spread must lie between PT0S and " + LONGEST_CAMPAIGN
              + ".");
    }
    if (open.read().size() >= MOST_CAMPAIGNS) {
      throw new Refusal(
          PkiProblem.INVALID_CAMPAIGN,
          MOST_CAMPAIGNS + " campaigns are open; end those that are settled.");
    }
    Instant now = now();
    Campaign campaign =
        new Campaign(ids.next(), scope, reason, actor.toString(), now, now.plus(within), null);
    entities.persist(new RenewalCampaignRow(campaign));
    Fact started = Fact.of("renewal-campaign.started", actor, SUBJECT, campaign.id())
        .with("until", campaign.until())
        .with("reason", reason);
    started = with(started, "authority", scope.authority());
    started = with(started, "certificate_profile", scope.certificateProfile());
    started = with(started, "device_profile", scope.deviceProfile());
    audit.record(with(started, "site", scope.site()));
    return campaign;
  }

  private static Fact with(Fact fact, String name, @Nullable String value) {
    return value == null ? fact : fact.with(name, value);
  }

  @Override
  @Transactional
  public Campaign end(UUID campaign, Actor actor) {
    RenewalCampaignRow row =
        entities.find(RenewalCampaignRow.class, campaign, LockModeType.PESSIMISTIC_WRITE);
    if (row == null) {
      throw new Refusal(CommonProblem.NOT_FOUND, "No renewal campaign has this id.");
    }
    if (row.endedAt == null) {
      row.endedAt = now();
      audit.record(Fact.of("renewal-campaign.ended", actor, SUBJECT, campaign));
    }
    return row.campaign();
  }

  @Override
  @Transactional
  public List<Campaign> campaigns() {
    return entities
        .createQuery(
            "from RenewalCampaignRow order by startedAt desc, id", RenewalCampaignRow.class)
        .setMaxResults(Page.MOST)
        .getResultStream()
        .map(RenewalCampaignRow::campaign)
        .toList();
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}

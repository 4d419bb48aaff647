package io.sallyport.pki;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.audit.FactRecorded;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Following;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities.Authority;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.bouncycastle.asn1.x509.CertificatePolicies;
import org.bouncycastle.asn1.x509.PolicyInformation;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Documents in the database, all of them kept in memory on every node and read again when any node changed one. */
@ApplicationScoped
class StoredCertificateProfiles implements CertificateProfiles {
  private static final String SUBJECT = "certificate-profile";
  /** More than a plant has kinds of certificates; all are kept in memory. */
  private static final long MOST = 1000;

  private static final String ANY_POLICY = "2.5.29.32.0";
  private static final int START = Changes.START + 10;
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);
  private static final Logger LOG = Logger.getLogger(StoredCertificateProfiles.class);

  private final FixedProfiles fixed = new FixedProfiles();
  private final EntityManager entities;
  private final Authorities authorities;
  private final Audit audit;
  private final Changes changes;
  private final Clock clock;
  /** Empty for one that cannot be read: the ready one of the same name, which may give more, does not stand in for it. */
  private volatile Map<String, Optional<ProfileDocument>> applied = Map.of();

  private @Nullable Following following;

  StoredCertificateProfiles(
      EntityManager entities, Authorities authorities, Audit audit, Changes changes, Clock clock) {
    this.entities = entities;
    this.authorities = authorities;
    this.audit = audit;
    this.changes = changes;
    this.clock = clock;
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    long position = changes.position();
    read();
    following = changes.follow("certificate-profiles", position, this::follow);
  }

  void stop(@Observes ShutdownEvent event) {
    if (following != null) {
      following.close();
    }
  }

  /** What any node committed. */
  private void follow(List<Change> next) {
    if (next.stream().anyMatch(change -> change.subjectType().equals(SUBJECT))) {
      read();
    }
  }

  /** On the node that committed it the change counts before it is answered. */
  void changed(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    if (!recorded.fact().subjectType().equals(SUBJECT)) {
      return;
    }
    try {
      Thread.startVirtualThread(this::read).join(LONGEST_WAIT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One reader at a time, so that what an earlier one saw never replaces what a later one saw. */
  private synchronized void read() {
    List<CertificateProfileRow> rows = QuarkusTransaction.requiringNew()
        .call(() -> entities
            .createQuery("from CertificateProfileRow", CertificateProfileRow.class)
            .getResultList());
    Map<String, Optional<ProfileDocument>> read = new TreeMap<>();
    for (CertificateProfileRow row : rows) {
      try {
        read.put(
            row.name,
            Optional.of(new ProfileDocument(
                CertificateProfileDocument.read(row.yaml), Origin.APPLIED, row.yaml)));
      } catch (Refusal refusal) {
        LOG.errorf(
            "The certificate profile %s is not read any more, nothing is issued by it: %s",
            row.name, refusal.detail());
        read.put(row.name, Optional.empty());
      }
    }
    applied = read;
  }

  @Override
  public Optional<CertificateProfile> find(String name) {
    return FixedProfiles.internal(name).or(() -> forDevices(name));
  }

  @Override
  public Optional<CertificateProfile> forDevices(String name) {
    Optional<ProfileDocument> document = applied.get(name);
    return (document == null ? fixed.ready(name) : document).map(ProfileDocument::profile);
  }

  @Override
  public List<ProfileDocument> list() {
    Map<String, Optional<ProfileDocument>> all = new TreeMap<>();
    fixed.ready().forEach(document -> all.put(document.profile().name(), Optional.of(document)));
    all.putAll(applied);
    return all.values().stream().flatMap(Optional::stream).toList();
  }

  @Override
  @Transactional
  public CertificateProfile apply(String yaml, Actor actor) {
    CertificateProfile profile = CertificateProfileDocument.read(yaml);
    requireIssuer(profile);
    CertificateProfileRow row = entities.find(CertificateProfileRow.class, profile.name());
    if (row != null && row.yaml.equals(yaml)) {
      return profile;
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    if (row == null) {
      requirePlace();
      entities.persist(new CertificateProfileRow(profile.name(), yaml, now));
    } else {
      row.yaml = yaml;
      row.appliedAt = now;
    }
    audit.record(Fact.of("certificate-profile.applied", actor, SUBJECT, profile.name())
        .with("hash", Digest.of(yaml.getBytes(StandardCharsets.UTF_8))));
    return profile;
  }

  private void requirePlace() {
    long count = entities
        .createQuery("select count(*) from CertificateProfileRow", Long.class)
        .getSingleResult();
    if (count >= MOST) {
      throw CertificateProfileDocument.invalid(
          "There are " + MOST + " certificate profiles already; remove one first.");
    }
  }

  /** Law 10: what certifies the server and its points certifies no device; and what the issuer may not, no profile may. */
  private void requireIssuer(CertificateProfile profile) {
    String name = profile.authority();
    Authority issuer = authorities
        .find(name)
        .orElseThrow(() -> CertificateProfileDocument.invalid(
            "spec.issuer: no authority \"" + name + "\" is here."));
    if (issuer.name().equals(issuer.issuer()) || authorities.isInternal(name)) {
      throw CertificateProfileDocument.invalid(
          "spec.issuer: \"" + name + "\" does not certify devices.");
    }
    if (issuer.distrust() != null) {
      throw CertificateProfileDocument.invalid("spec.issuer: \"" + name + "\" is revoked.");
    }
    if (issuer.key() == null) {
      throw CertificateProfileDocument.invalid(
          "spec.issuer: the key of \"" + name + "\" is kept elsewhere.");
    }
    TBSCertificate tbs = CertificateParts.tbs(issuer.certificate());
    Duration life = Duration.between(
        tbs.getStartDate().getDate().toInstant(), tbs.getEndDate().getDate().toInstant());
    if (profile.validity().compareTo(life) > 0) {
      throw CertificateProfileDocument.invalid("spec.validity: no certificate outlives its issuer,"
          + " and \"" + name + "\" itself lives for " + life.toDays() + " days.");
    }
    Set<String> forbidden = new HashSet<>(profile.policies());
    CertificatePolicies allowed = CertificatePolicies.fromExtensions(tbs.getExtensions());
    for (PolicyInformation policy :
        allowed == null ? new PolicyInformation[0] : allowed.getPolicyInformation()) {
      String oid = policy.getPolicyIdentifier().getId();
      forbidden.remove(oid);
      if (oid.equals(ANY_POLICY)) {
        forbidden.clear();
      }
    }
    if (allowed != null && !forbidden.isEmpty()) {
      throw CertificateProfileDocument.invalid("spec.policies: \"" + name
          + "\" may not issue under " + String.join(", ", forbidden) + " (RFC 5280 §6.1).");
    }
  }

  @Override
  @Transactional
  public void remove(String name, Actor actor) {
    CertificateProfileRow row = entities.find(CertificateProfileRow.class, name);
    if (row == null) {
      throw new Refusal(
          PkiProblem.UNKNOWN_CERTIFICATE_PROFILE,
          "No certificate profile was applied under \"" + name + "\".");
    }
    entities.remove(row);
    audit.record(Fact.of("certificate-profile.removed", actor, SUBJECT, name));
  }
}

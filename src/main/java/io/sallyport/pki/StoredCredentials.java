package io.sallyport.pki;

import io.sallyport.audit.Audit;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.Authorities.Distrust;
import io.sallyport.retention.Retention;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Credentials in the database. */
@ApplicationScoped
class StoredCredentials implements Credentials {
  private static final UUID NO_ID = new UUID(0, 0);

  private static final String OF_SITES = """
      select found.* from unnest(string_to_array(:sites, ',')) as seen (site)
      cross join lateral (
        select c.*, b.tbs, b.ends_on, b.certificate, d.id as device from device d
        join credential c on c.subject_kind = 'DEVICE' and c.subject_id = cast(d.id as text)
        join certificate_body b on b.credential = c.id and b.ends_on = cast(c.not_after at time zone 'UTC' as date)
        where d.site = seen.site
          and (d.id, c.authority, c.serial) > (:device, :authority, :serial)
        order by d.id, c.authority, c.serial limit :most) as found
      order by found.device, found.authority, found.serial limit :most""";

  private final EntityManager entities;
  private final CredentialReading reading;
  private final Authorities authorities;
  private final Devices devices;
  private final Revocations revocations;
  private final CertificateProfiles profiles;
  private final Retention retention;
  private final Audit audit;
  private final Clock clock;

  StoredCredentials(
      EntityManager entities,
      DataSource database,
      Authorities authorities,
      Devices devices,
      Revocations revocations,
      CertificateProfiles profiles,
      Retention retention,
      Audit audit,
      Clock clock) {
    this.retention = retention;
    this.entities = entities;
    this.reading = new CredentialReading(database);
    this.authorities = authorities;
    this.devices = devices;
    this.revocations = revocations;
    this.profiles = profiles;
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Optional<Credential> byThumbprint(Digest thumbprint) {
    // With its authority, so that the revocation of that one counts on every node from its commit
    // on.
    return entities
        .createQuery(
            "select c, a from CredentialRow c join AuthorityRow a on a.name = c.authority"
                + " where c.thumbprint = :thumbprint",
            Object[].class)
        .setParameter("thumbprint", thumbprint.octets())
        .getResultStream()
        .findFirst()
        .filter(found -> !((CredentialRow) found[0]).isGone())
        .map(found ->
            under(((AuthorityRow) found[1]).distrust(), ((CredentialRow) found[0]).credential()));
  }

  /** What its authority certified counts no more once that was revoked. */
  private Credential seen(CredentialRow row) {
    return under(distrust(row.authority), row.credential());
  }

  private @Nullable Distrust distrust(String authority) {
    return authorities.find(authority).map(Authority::distrust).orElse(null);
  }

  private static Credential under(@Nullable Distrust distrust, Credential credential) {
    Credential.Revocation own = credential.revocation();
    return distrust == null || own != null && !own.isHold()
        ? credential
        : credential.revokedAs(new Credential.Revocation(distrust.at(), distrust.reason()));
  }

  @Override
  @Transactional
  public Optional<Credential> bySerial(String authority, BigInteger serial) {
    return row(authority, serial)
        .filter(row -> row.thumbprint != null)
        .map(this::kept)
        .map(this::seen);
  }

  private CredentialRow kept(CredentialRow row) {
    if (row.isGone()) {
      throw new Refusal(PkiProblem.CERTIFICATE_GONE, gone(row));
    }
    return row;
  }

  private String gone(CredentialRow row) {
    return "The certificate ended on " + row.notAfter
        + retention
            .goneCertificates(CredentialRow.endsOn(row.notAfter))
            .map(gone -> " and was dropped on " + gone.at() + " under the term of " + gone.term())
            .orElse(" and is not kept any more")
        + "; its serial number and its key are never used again.";
  }

  private Optional<CredentialRow> row(String authority, BigInteger serial) {
    return entities
        .createQuery(
            "from CredentialRow where authority = :authority and serial = :serial",
            CredentialRow.class)
        .setParameter("authority", authority)
        .setParameter("serial", serial.toString(16))
        .getResultStream()
        .findFirst();
  }

  @Override
  @Transactional
  public List<Credential> of(CertificateSubject subject) {
    return rows(subject).stream()
        .filter(row -> row.certificate != null)
        .map(this::seen)
        .toList();
  }

  @Override
  @Transactional
  public Map<String, List<CredentialIdentity>> unrevoked(
      CertificateSubject.Kind kind, Collection<String> subjects) {
    entities.flush();
    Map<String, List<CredentialIdentity>> found =
        reading.unrevoked(kind, subjects, authorities.keyIdentifiers());
    found.values().forEach(all -> all.removeIf(one -> distrust(one.authority()) != null));
    return found;
  }

  @Override
  @Transactional
  public List<Credential> live(CertificateSubject.Kind kind) {
    Instant now = clock.instant();
    return entities
        .createQuery(
            "from CredentialRow where subjectKind = :kind and state = :issued and notAfter > :now",
            CredentialRow.class)
        .setParameter("kind", kind)
        .setParameter("issued", CredentialState.ISSUED)
        .setParameter("now", now)
        .getResultStream()
        .map(this::seen)
        .filter(credential -> credential.liveAt(now))
        .toList();
  }

  private List<CredentialRow> rows(CertificateSubject subject) {
    return entities
        .createQuery(
            "from CredentialRow where subjectKind = :kind and subjectId = :id order by preparedAt desc",
            CredentialRow.class)
        .setParameter("kind", subject.kind())
        .setParameter("id", subject.id())
        .getResultList();
  }

  @Override
  @Transactional
  public Page<Credential> list(Set<String> sites, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    return sites.isEmpty() ? all(cursor, most) : ofSites(sites, cursor, most);
  }

  private Page<Credential> all(@Nullable String cursor, int most) {
    String[] after = cursor == null ? new String[] {"", ""} : cursor.split("/", 2);
    if (after.length != 2) {
      throw wrongCursor();
    }
    List<Credential> rows = entities
        .createQuery(
            "from CredentialRow where certificate is not null and (authority > :authority"
                + " or authority = :authority and serial > :serial) order by authority, serial",
            CredentialRow.class)
        .setParameter("authority", after[0])
        .setParameter("serial", after[1])
        .setMaxResults(most + 1)
        .getResultStream()
        .map(this::seen)
        .toList();
    return Page.cut(rows, most, last -> last.authority() + "/" + last.serial().toString(16));
  }

  /** Along the index of each site's devices, so that a page costs the same however many certificates others have. */
  private Page<Credential> ofSites(Set<String> sites, @Nullable String cursor, int most) {
    String[] after =
        cursor == null ? new String[] {NO_ID.toString(), "", ""} : cursor.split("/", 3);
    if (after.length != 3) {
      throw wrongCursor();
    }
    List<Credential> rows = entities
        .createNativeQuery(OF_SITES, CredentialRow.class)
        .setParameter("sites", String.join(",", sites))
        .setParameter("device", device(after[0]))
        .setParameter("authority", after[1])
        .setParameter("serial", after[2])
        .setParameter("most", most + 1)
        .getResultStream()
        .map(row -> seen((CredentialRow) row))
        .toList();
    return Page.cut(
        rows,
        most,
        last ->
            last.subject().id() + "/" + last.authority() + "/" + last.serial().toString(16));
  }

  private static UUID device(String cursor) {
    try {
      return UUID.fromString(cursor);
    } catch (IllegalArgumentException e) {
      throw wrongCursor();
    }
  }

  private static Refusal wrongCursor() {
    return new Refusal(CommonProblem.MALFORMED, "The cursor is not one that this server gave.");
  }

  @Override
  @Transactional
  public void used(Credential credential) {
    if (credential.firstUsedAt() != null) {
      return;
    }
    CertificateSubject subject = credential.subject();
    subject.onDevice().ifPresent(devices::lock);
    CredentialRow used = row(credential.authority(), credential.serial()).orElseThrow();
    used.lock(entities);
    if (used.firstUsedAt != null || used.state != CredentialState.ISSUED) {
      return;
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    used.firstUsedAt = now;
    audit.record(Revocations.fact("certificate.first-used", used, Actor.SERVER));
    for (CredentialRow older : rows(subject)) {
      if (older.supersededAt == null
          && older.profile.equals(used.profile)
          && (older.state == CredentialState.ISSUED || older.heldSince() != null)
          && older.preparedAt.isBefore(used.preparedAt)) {
        if (revokesPredecessors(used)) {
          revocations.revoke(older, RevocationReason.SUPERSEDED, Actor.SERVER);
        }
        older.supersededAt = now;
        audit.record(Revocations.fact("certificate.superseded", older, Actor.SERVER)
            .with("by", used.serial));
      }
    }
  }

  private boolean revokesPredecessors(CredentialRow row) {
    return profiles
        .find(row.profile)
        .map(profile -> profile.enrollment().predecessor() == EnrollmentTerms.Predecessor.REVOKE)
        .orElse(false);
  }

  @Override
  @Transactional
  public Credential revoke(
      String authority, BigInteger serial, RevocationReason reason, Actor actor) {
    CredentialRow row = signed(authority, serial);
    revocations.revoke(row, reason, actor);
    return seen(row);
  }

  @Override
  @Transactional
  public Credential release(String authority, BigInteger serial, Actor actor) {
    CredentialRow row = signed(authority, serial);
    revocations.release(row, actor);
    return seen(row);
  }

  private CredentialRow signed(String authority, BigInteger serial) {
    return row(authority, serial)
        .filter(found -> found.thumbprint != null)
        .map(this::kept)
        .orElseThrow(() -> new Refusal(
            PkiProblem.UNKNOWN_CERTIFICATE,
            "Authority \"" + authority + "\" issued no certificate with serial "
                + serial.toString(16) + "."));
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public int revokeOthers(UUID device, Set<String> profiles, RevocationReason reason, Actor actor) {
    devices.lock(device);
    // What is being signed just now is in no row of these yet.
    devices.raiseRevocationCounter(device);
    List<CredentialRow> others = rows(CertificateSubject.device(device)).stream()
        .filter(row -> !profiles.contains(row.profile))
        .filter(row -> row.state != CredentialState.REVOKED || row.heldSince() != null)
        .toList();
    int revoked = 0;
    for (CredentialRow row : others) {
      row.lock(entities);
      if (row.state != CredentialState.PREPARED && !row.notAfter.isBefore(clock.instant())) {
        revocations.end(row, reason, actor);
        revoked++;
      }
    }
    return revoked;
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public void revokeAll(CertificateSubject subject, RevocationReason reason, Actor actor) {
    subject.onDevice().ifPresent(devices::raiseRevocationCounter);
    List<CredentialRow> rows = new ArrayList<>(rows(subject));
    if (subject.kind() == CertificateSubject.Kind.DEVICE) {
      // Nothing outlives what it stands on (law 4).
      rows.addAll(rows(CertificateSubject.attestationKey(UUID.fromString(subject.id()))));
    }
    for (CredentialRow row : rows) {
      row.lock(entities);
      if (row.state != CredentialState.PREPARED) {
        revocations.end(row, reason, actor);
      }
    }
  }
}

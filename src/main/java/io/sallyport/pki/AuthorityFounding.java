package io.sallyport.pki;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities.Plan;
import io.sallyport.pki.Authorities.Requested;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import java.io.IOException;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.jspecify.annotations.Nullable;

/**
 * Makes authorities in steps: the key; the exact TBSCertificate, recorded (law 1); the signature, outside of any
 * transaction; the certificate. One that was cut off is taken up with the same key.
 */
@Singleton
final class AuthorityFounding {
  private static final int SERIAL_BITS = 128;
  /** So that it counts for clocks that lag. */
  private static final Duration BACKDATING = Duration.ofHours(1);
  /** All are kept in memory. */
  private static final long MOST = 1000;

  private final EntityManager entities;
  private final TbsCertificates certificates;
  private final CertificateRequests requests;
  private final SigningGates gates;
  private final Devices devices;
  private final Keys keys;
  private final Audit audit;
  private final Ids ids;
  private final SecureRandom random;
  private final Clock clock;

  AuthorityFounding(
      EntityManager entities,
      TbsCertificates certificates,
      CertificateRequests requests,
      SigningGates gates,
      Devices devices,
      Keys keys,
      Audit audit,
      Ids ids,
      SecureRandom random,
      Clock clock) {
    this.entities = entities;
    this.certificates = certificates;
    this.requests = requests;
    this.gates = gates;
    this.devices = devices;
    this.keys = keys;
    this.audit = audit;
    this.ids = ids;
    this.random = random;
    this.clock = clock;
  }

  /** What was recorded and is to be signed. */
  private record Recorded(CredentialRow credential, KeyHandle issuerKey, String signer) {}

  /** How an authority stands before anything is done: its row, or null, and what is above it. */
  private record Ground(
      @Nullable KeyHandle key,
      boolean certified,
      @Nullable String plan,
      @Nullable ParentAuthority parent) {}

  /** One of the first start: what it asks for is cut to what its issuer permits. */
  void establish(Plan plan) {
    make(plan, null, Actor.SERVER);
  }

  /** The request of a first start for an authority whose issuer is kept elsewhere and not here yet: the key is made once. */
  Der request(Plan plan) {
    AuthorityRow row = QuarkusTransaction.requiringNew()
        .call(() -> entities.find(AuthorityRow.class, plan.name()));
    KeyHandle key = row == null || row.key == null ? key(plan, null) : keys.get(row.key);
    return requests.of(AuthorityPlans.subject(plan), key, plan.issuer(), plan.terms());
  }

  /** Answers the request when the issuer's key is kept elsewhere, and nothing when the authority is certified. */
  Optional<Requested> create(Plan plan, Actor actor) {
    AuthorityPlans.require(plan);
    return make(plan, AuthorityPlans.text(plan), actor);
  }

  private Optional<Requested> make(Plan plan, @Nullable String asked, Actor actor) {
    Ground ground = QuarkusTransaction.requiringNew().call(() -> ground(plan));
    if (asked != null && (ground.key != null || ground.certified) && !asked.equals(ground.plan)) {
      throw new Refusal(
          PkiProblem.AUTHORITY_EXISTS,
          "There is or was an authority \"" + plan.name() + "\"; choose another name.");
    }
    if (ground.certified) {
      return Optional.empty();
    }
    if (asked != null) {
      AuthorityPlans.requirePermitted(plan, ground.parent, clock.instant());
    }
    KeyHandle key = ground.key == null ? key(plan, asked) : ground.key;
    ParentAuthority parent = ground.parent;
    if (parent != null && parent.key() == null) {
      return Optional.of(request(plan, key, actor));
    }
    Recorded recorded = QuarkusTransaction.requiringNew().call(() -> record(plan, key, parent));
    Der certificate = gates.sign(
        recorded.signer,
        () -> CertificateParts.assemble(
            recorded.credential.tbsCertificate,
            recorded.issuerKey.algorithm(),
            keys.sign(recorded.issuerKey.id(), recorded.credential.tbsCertificate),
            recorded.issuerKey.subjectPublicKeyInfo()));
    boolean certified = QuarkusTransaction.requiringNew()
        .call(() -> certify(plan, recorded.credential.id, certificate, actor));
    if (!certified) {
      throw revokedMeanwhile(plan.issuer());
    }
    return Optional.empty();
  }

  private Ground ground(Plan plan) {
    AuthorityRow row = entities.find(AuthorityRow.class, plan.name());
    return new Ground(
        row == null || row.key == null ? null : keys.get(row.key),
        row != null && (row.certificate != null || row.key == null),
        row == null ? null : row.plan,
        plan.isRoot() ? null : parent(plan.issuer()));
  }

  private ParentAuthority parent(String name) {
    AuthorityRow row = certified(name);
    List<TBSCertificate> chain = new ArrayList<>();
    AuthorityRow at = row;
    chain.add(tbs(at));
    while (!at.issuer.equals(at.name)) {
      at = certified(at.issuer);
      chain.add(tbs(at));
    }
    return new ParentAuthority(
        name, row.key == null ? null : keys.get(row.key), chain.getFirst(), chain);
  }

  private AuthorityRow certified(String name) {
    AuthorityRow row = entities.find(AuthorityRow.class, name);
    if (row == null || row.certificate == null) {
      throw new Refusal(
          PkiProblem.UNKNOWN_AUTHORITY,
          "No certified authority \"" + name + "\" is here to be the issuer.");
    }
    row.authority().requireTrusted();
    return row;
  }

  private static TBSCertificate tbs(AuthorityRow row) {
    return CertificateParts.tbs(row.authority().certificate());
  }

  /** Made outside of the transaction that records whose it is: a token takes its time, and a large key too. */
  private KeyHandle key(Plan plan, @Nullable String asked) {
    String purpose = "authority:" + plan.name();
    KeyHandle key = keys.of(purpose).stream()
        .filter(left -> left.algorithm() == plan.algorithm())
        .findFirst()
        .orElseGet(() -> keys.generate(plan.algorithm(), purpose));
    QuarkusTransaction.requiringNew().run(() -> {
      requirePlace();
      AuthorityRow row = new AuthorityRow(plan.name(), plan.issuer(), key.id(), now());
      row.plan = asked;
      entities.persist(row);
      devices.reserveKey(key.subjectPublicKeyInfo().digest());
    });
    return key;
  }

  private void requirePlace() {
    long count =
        entities.createQuery("select count(*) from AuthorityRow", Long.class).getSingleResult();
    if (count >= MOST) {
      throw AuthorityPlans.invalid("There are " + MOST + " authorities already.");
    }
  }

  private Requested request(Plan plan, KeyHandle key, Actor actor) {
    Der fresh = requests.of(AuthorityPlans.subject(plan), key, plan.issuer(), plan.terms());
    return QuarkusTransaction.requiringNew().call(() -> {
      AuthorityRow row =
          entities.find(AuthorityRow.class, plan.name(), LockModeType.PESSIMISTIC_WRITE);
      if (row.request == null) {
        row.request = fresh.octets();
        audit.record(Fact.of("authority.requested", actor, "authority", plan.name())
            .with("issuer", plan.issuer())
            .with("sha256", fresh.digest()));
      }
      return new Requested(row.name, row.issuer, Der.of(row.request));
    });
  }

  private Recorded record(Plan plan, KeyHandle key, @Nullable ParentAuthority parent) {
    if (parent != null) {
      requireIssuing(parent.name());
    }
    closeUnfinished(plan.name());
    KeyHandle issuerKey = parent == null ? key : Objects.requireNonNull(parent.key());
    CredentialRow credential = credential(plan, key);
    X500Name subject = AuthorityPlans.subject(plan);
    Instant issuerEnd = parent == null ? credential.notAfter : parent.end();
    if (credential.notAfter.isAfter(issuerEnd)) {
      credential.notAfter = issuerEnd;
    }
    TBSCertificate tbs = certificates.build(new TbsCertificates.Content(
        plan.issuer(),
        parent == null ? subject : parent.tbs().getSubject(),
        issuerKey.subjectPublicKeyInfo(),
        parent == null ? null : KeyIdentifiers.of(parent.tbs()),
        issuerKey.algorithm(),
        new BigInteger(credential.serial, 16),
        credential.crlShard,
        subject,
        key.subjectPublicKeyInfo(),
        List.of(),
        null,
        null,
        plan.terms(),
        credential.notBefore,
        credential.notAfter));
    try {
      Linter.check(tbs, CertificateSubject.Kind.AUTHORITY, issuerEnd);
    } catch (Refusal faults) {
      throw AuthorityPlans.invalid(faults.detail());
    }
    try {
      credential.tbsCertificate = tbs.getEncoded("DER");
    } catch (IOException e) {
      throw new IllegalStateException("a TBSCertificate cannot be encoded", e);
    }
    entities.persist(credential);
    return new Recorded(credential, issuerKey, plan.issuer());
  }

  /** Holds off a revocation of the issuer until this commits. */
  private void requireIssuing(String issuer) {
    entities
        .find(AuthorityRow.class, issuer, LockModeType.PESSIMISTIC_READ)
        .authority()
        .requireTrusted();
  }

  private void closeUnfinished(String name) {
    entities
        .createQuery(
            "from CredentialRow where subjectKind = :kind and subjectId = :name and state = :state",
            CredentialRow.class)
        .setParameter("kind", CertificateSubject.Kind.AUTHORITY)
        .setParameter("name", name)
        .setParameter("state", CredentialState.PREPARED)
        .getResultStream()
        .forEach(row -> {
          row.revoked(RevocationReason.CESSATION_OF_OPERATION, now());
          audit.record(UnfinishedSerials.closed(row));
        });
  }

  private CredentialRow credential(Plan plan, KeyHandle key) {
    CredentialRow row = new CredentialRow();
    Instant now = clock.instant();
    row.id = ids.next();
    row.authority = plan.issuer();
    row.serial = new BigInteger(SERIAL_BITS, random).setBit(SERIAL_BITS).toString(16);
    row.crlShard = CrlShards.OF_AUTHORITIES;
    row.subjectKind = CertificateSubject.Kind.AUTHORITY;
    row.subjectId = plan.name();
    row.profile = CertificateProfiles.AUTHORITY;
    row.keyDigest = key.subjectPublicKeyInfo().digest().octets();
    row.notBefore = now.minus(BACKDATING).truncatedTo(ChronoUnit.SECONDS);
    row.notAfter = now.plus(AuthorityPlans.life(plan)).truncatedTo(ChronoUnit.SECONDS);
    row.state = CredentialState.PREPARED;
    row.preparedAt = now();
    return row;
  }

  /** False when the issuer was revoked meanwhile: then it is recorded revoked and used for nothing. */
  private boolean certify(Plan plan, UUID prepared, Der certificate, Actor actor) {
    CredentialRow credential = entities.find(CredentialRow.class, prepared);
    if (plan.issuer().compareTo(plan.name()) < 0) {
      // In the order of names, as a revocation locks them.
      entities.find(AuthorityRow.class, plan.issuer(), LockModeType.PESSIMISTIC_READ);
    }
    AuthorityRow row =
        entities.find(AuthorityRow.class, plan.name(), LockModeType.PESSIMISTIC_WRITE);
    AuthorityRow issuer = plan.isRoot()
        ? row
        : entities.find(AuthorityRow.class, plan.issuer(), LockModeType.PESSIMISTIC_READ);
    CredentialRow.lock(entities, prepared);
    entities.refresh(credential);
    if (credential.state != CredentialState.PREPARED) {
      // Closed by another one that makes the same authority: what was signed stays revoked.
      return issuer.distrustedAt == null;
    }
    credential.issued(certificate, now());
    if (issuer.distrustedAt != null || row.certificate != null) {
      credential.revoked(RevocationReason.CESSATION_OF_OPERATION, now());
      audit.record(UnfinishedSerials.closed(credential).with("sha256", certificate.digest()));
      return issuer.distrustedAt == null;
    }
    row.certificate = certificate.octets();
    Fact fact = Fact.of("authority.established", actor, "authority", plan.name())
        .with("issuer", credential.authority)
        .with("serial", credential.serial)
        .with("sha256", certificate.digest());
    audit.record(
        row.plan == null
            ? fact
            : fact.with("subject", plan.distinguishedName())
                .with("key", plan.algorithm())
                .with("not_after", credential.notAfter)
                .with("terms", String.join("; ", plan.terms().lines())));
    return true;
  }

  private static Refusal revokedMeanwhile(String issuer) {
    return new Refusal(
        PkiProblem.AUTHORITY_REVOKED,
        "Authority \"" + issuer + "\" was revoked while it certified this one.");
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}

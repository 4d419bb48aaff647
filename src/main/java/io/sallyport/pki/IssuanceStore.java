package io.sallyport.pki;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.events.Nodes;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.Issuance.Guard;
import io.sallyport.pki.Issuance.Order;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.jspecify.annotations.Nullable;

/** The durable steps of an issuance, one transaction each; nothing is signed in here. */
@ApplicationScoped
class IssuanceStore {
  /** In front of them stands one octet that tells the node: collisions are out of reach and refused by a constraint. */
  private static final int RANDOM_OCTETS = 16;

  /** Longer than any signature takes; a serial that is still unfinished then was left by a crash. */
  private static final Duration UNFINISHED_AFTER = Duration.ofSeconds(30);

  private final EntityManager entities;
  private final Authorities authorities;
  private final TbsCertificates certificates;
  private final CrlShards shards;
  private final Devices devices;
  private final Keys keys;
  private final Audit audit;
  private final Nodes nodes;
  private final Ids ids;
  private final SecureRandom random;
  private final Clock clock;

  IssuanceStore(
      EntityManager entities,
      Authorities authorities,
      TbsCertificates certificates,
      CrlShards shards,
      Devices devices,
      Keys keys,
      Audit audit,
      Nodes nodes,
      Ids ids,
      SecureRandom random,
      Clock clock) {
    this.entities = entities;
    this.authorities = authorities;
    this.certificates = certificates;
    this.shards = shards;
    this.devices = devices;
    this.keys = keys;
    this.audit = audit;
    this.nodes = nodes;
    this.ids = ids;
    this.random = random;
    this.clock = clock;
  }

  /** What prepare comes to. */
  sealed interface Preparation {
    /** Law 2: the certificate is there already. */
    record Retry(Credential credential) implements Preparation {}

    /** Law 1: serial and TBSCertificate are recorded. Redeemed once by {@link #finish}. */
    record Prepared(UUID credential, KeyHandle issuerKey, Authority issuer, byte[] tbsCertificate)
        implements Preparation {}
  }

  /** What finish comes to. */
  sealed interface Completion {
    record Issued(Credential credential) implements Completion {}

    /** The device was revoked meanwhile: recorded, published revoked, not handed out (law 5). */
    record RevokedMeanwhile() implements Completion {}

    /** The serial was closed as unfinished before its signature came. */
    record Closed() implements Completion {}
  }

  @Transactional
  Preparation prepare(Order order, Guard guard) {
    String request = order.digest().hex();
    long revocationCounter = lock(order, request);
    devices.requireSound(order.subjectPublicKeyInfo().digest());
    guard.check(order.digest());
    IssuanceRequestRow known = entities.find(IssuanceRequestRow.class, request);
    if (known != null) {
      CredentialRow last =
          entities.find(CredentialRow.class, known.credential, LockModeType.PESSIMISTIC_WRITE);
      switch (last.state) {
        case ISSUED -> {
          if (reusable(last)) {
            return new Preparation.Retry(last.credential());
          }
          refuseIfSpent(order);
        }
        case PREPARED -> {
          if (isUnderWay(last)) {
            throw new Refusal(
                PkiProblem.IN_PROGRESS,
                "The same request is being answered; repeat it in a moment.");
          }
          close(last);
        }
        case REVOKED -> {
          if (last.certificate != null) {
            refuseIfSpent(order);
          }
        }
      }
    }
    return record(order, request, known, revocationCounter);
  }

  /** One preparation at a time for a device and what is on it; for other subjects, for an order. */
  private long lock(Order order, String request) {
    Optional<UUID> device = order.subject().onDevice();
    if (device.isPresent()) {
      return devices.lock(device.get()).revocationCounter();
    }
    entities
        .createNativeQuery("select cast(pg_advisory_xact_lock(:key) as text)")
        .setParameter("key", new BigInteger(request.substring(0, 16), 16).longValue())
        .getSingleResult();
    return 0;
  }

  /** Of a process that died nothing comes any more; were it alive after all, its {@link #finish} finds the row closed. */
  private boolean isUnderWay(CredentialRow row) {
    return row.preparedAt.plus(UNFINISHED_AFTER).isAfter(clock.instant())
        && (row.preparedBy == null || nodes.isAlive(row.preparedBy));
  }

  private boolean reusable(CredentialRow row) {
    Duration validity = Duration.between(row.notBefore, row.notAfter);
    Instant renewal = row.notAfter.minus(validity.dividedBy(3));
    return row.firstUsedAt == null
        && row.supersededAt == null
        && clock.instant().isBefore(renewal);
  }

  private static void refuseIfSpent(Order order) {
    if (order.once()) {
      throw new Refusal(
          PkiProblem.AUTHENTICATION_SPENT,
          "The token was used; ask for a new one to enroll this device again.");
    }
  }

  private Preparation record(
      Order order, String request, @Nullable IssuanceRequestRow known, long revocationCounter) {
    Authority issuer = authorities.get(order.certificateProfile().authority());
    CredentialRow row = row(order, revocationCounter, serial());
    KeyHandle issuerKey = keys.get(issuer.signingKey());
    TBSCertificate issuerTbs = CertificateParts.tbs(issuer.certificate());
    Instant issuerEnd = issuerTbs.getEndDate().getDate().toInstant();
    row.notAfter = row.notAfter.isAfter(issuerEnd) ? issuerEnd : row.notAfter;
    TBSCertificate tbs = certificates.build(new TbsCertificates.Content(
        issuer.name(),
        issuerTbs.getSubject(),
        issuerKey.subjectPublicKeyInfo(),
        issuerKey.algorithm(),
        new BigInteger(row.serial, 16),
        new X500Name(BCStyle.INSTANCE, order.distinguishedName()),
        order.subjectPublicKeyInfo(),
        order.names(),
        order.certificateProfile(),
        order.mudUrl(),
        null,
        row.notBefore,
        row.notAfter));
    Linter.check(tbs, order.subject().kind(), issuerEnd);
    row.tbsCertificate = encoded(tbs);
    entities.persist(row);
    if (known == null) {
      entities.persist(new IssuanceRequestRow(request, row.id, row.preparedAt));
    } else {
      known.credential = row.id;
    }
    return new Preparation.Prepared(row.id, issuerKey, issuer, row.tbsCertificate);
  }

  private CredentialRow row(Order order, long revocationCounter, BigInteger serial) {
    CredentialRow row = new CredentialRow();
    Instant now = clock.instant();
    row.id = ids.next();
    row.authority = order.certificateProfile().authority();
    row.serial = serial.toString(16);
    row.subjectKind = order.subject().kind();
    row.subjectId = order.subject().id();
    row.profile = order.certificateProfile().name();
    row.keyDigest = order.subjectPublicKeyInfo().digest().octets();
    row.notBefore =
        now.minus(order.certificateProfile().backdating()).truncatedTo(ChronoUnit.SECONDS);
    row.notAfter = now.plus(order.certificateProfile().validity()).truncatedTo(ChronoUnit.SECONDS);
    row.crlShard = shards.of(row.authority, serial);
    row.state = CredentialState.PREPARED;
    row.revocationCounter = revocationCounter;
    row.preparedAt = now.truncatedTo(ChronoUnit.MICROS);
    row.preparedBy = nodes.here();
    return row;
  }

  BigInteger serial() {
    byte[] tail = new byte[RANDOM_OCTETS];
    random.nextBytes(tail);
    return new BigInteger(
        1,
        ByteBuffer.allocate(1 + RANDOM_OCTETS)
            .put((byte) nodes.prefix())
            .put(tail)
            .array());
  }

  @Transactional
  Completion finish(Preparation.Prepared prepared, Der certificate, Actor actor) {
    CredentialRow row = entities.find(CredentialRow.class, prepared.credential());
    Optional<UUID> device = row.subject().onDevice();
    long counter = device.map(id -> devices.lock(id).revocationCounter()).orElse(0L);
    entities.refresh(row, LockModeType.PESSIMISTIC_WRITE);
    if (row.state != CredentialState.PREPARED) {
      return new Completion.Closed();
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    row.issued(certificate, now);
    Fact fact = Fact.of("certificate.issued", actor, row.subjectKind.word(), row.subjectId)
        .with("authority", row.authority)
        .with("serial", row.serial)
        .with("profile", row.profile)
        .with("sha256", certificate.digest())
        .with("not_after", row.notAfter);
    if (counter != row.revocationCounter) {
      row.revoked(RevocationReason.CESSATION_OF_OPERATION, now);
      audit.record(fact.with("revoked", "the device was revoked meanwhile"));
      return new Completion.RevokedMeanwhile();
    }
    audit.record(fact);
    if (row.subjectKind == CertificateSubject.Kind.DEVICE) {
      devices.activate(UUID.fromString(row.subjectId), actor);
    }
    return new Completion.Issued(row.credential());
  }

  /** The processes that prepared what is unfinished and have died. */
  @Transactional
  Set<UUID> dead() {
    return entities
        .createQuery(
            "select distinct preparedBy from CredentialRow where state = io.sallyport.pki.CredentialState.PREPARED"
                + " and preparedBy is not null",
            UUID.class)
        .getResultList()
        .stream()
        .filter(life -> !nodes.isAlive(life))
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Closes what a crash left: recorded, never handed out, published revoked. Answers how many.
   *
   * @param dead processes of which nothing is waited for
   */
  @Transactional
  int closeUnfinished(Instant preparedBefore, Set<UUID> dead) {
    var unfinished = entities
        .createQuery(
            "from CredentialRow where state = io.sallyport.pki.CredentialState.PREPARED"
                + " and (preparedAt < :before or preparedBy in :dead)"
                + " and subjectKind <> io.sallyport.pki.CertificateSubject.Kind.AUTHORITY order by preparedAt",
            CredentialRow.class)
        .setParameter("before", preparedBefore)
        .setParameter("dead", dead)
        .setMaxResults(1000)
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .getResultList();
    unfinished.stream().filter(row -> row.state == CredentialState.PREPARED).forEach(this::close);
    return unfinished.size();
  }

  private void close(CredentialRow row) {
    row.revoked(
        RevocationReason.CESSATION_OF_OPERATION, clock.instant().truncatedTo(ChronoUnit.MICROS));
    audit.record(Fact.of("certificate.closed", Actor.SERVER, row.subjectKind.word(), row.subjectId)
        .with("authority", row.authority)
        .with("serial", row.serial)
        .with("why", "never finished"));
  }

  private static byte[] encoded(TBSCertificate tbs) {
    try {
      return tbs.getEncoded("DER");
    } catch (IOException e) {
      throw new IllegalStateException("a TBSCertificate cannot be encoded", e);
    }
  }
}

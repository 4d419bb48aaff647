package io.sallyport.pki;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities.Authority;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import java.io.IOException;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.jspecify.annotations.Nullable;

/**
 * Puts an authority in the place of another one, with overlap: both stay in the trust bundle, the old one goes on telling
 * the status of what it certified, and from a moment on new certificates come from the new one. Roots certify each other
 * (RFC 4210 §4.4: OldWithNew, NewWithOld), so that whoever trusts only one of them takes what the other one certified.
 */
@Singleton
final class AuthoritySuccession {
  /** Of an advisory lock: the letters of "succeed". */
  private static final long SUCCESSIONS = 0x73756363656564L;

  private static final int SERIAL_BITS = 128;

  private final EntityManager entities;
  private final TbsCertificates certificates;
  private final SigningGates gates;
  private final Keys keys;
  private final Audit audit;
  private final Ids ids;
  private final SecureRandom random;
  private final Clock clock;

  AuthoritySuccession(
      EntityManager entities,
      TbsCertificates certificates,
      SigningGates gates,
      Keys keys,
      Audit audit,
      Ids ids,
      SecureRandom random,
      Clock clock) {
    this.entities = entities;
    this.certificates = certificates;
    this.gates = gates;
    this.keys = keys;
    this.audit = audit;
    this.ids = ids;
    this.random = random;
    this.clock = clock;
  }

  /** The same again changes nothing; another moment counts as long as the former one has not come. */
  void succeed(Authority old, Authority successor, @Nullable Instant from, Actor actor) {
    requireFit(old, successor);
    if (old.isRoot()) {
      requireCross(old, successor);
      requireCross(successor, old);
      cross(old, successor, actor);
      cross(successor, old, actor);
    }
    QuarkusTransaction.requiringNew().run(() -> note(old, successor, from, actor));
  }

  private static void requireFit(Authority old, Authority successor) {
    successor.requireTrusted();
    if (old.name().equals(successor.name())) {
      throw invalid("an authority does not follow itself");
    }
    if (old.isRoot() != successor.isRoot()) {
      throw invalid("a root is followed by a root, and any other by one that is none");
    }
    if (!old.isRoot() && successor.key() == null) {
      throw invalid("the key of \"" + successor.name() + "\" is kept elsewhere");
    }
    if (old.isRoot() && (old.key() == null || successor.key() == null)) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED,
          "Roots certify each other here only while both keys are on this server; of a root that is kept"
              + " elsewhere bring the new certificate to the devices, then make authorities under it.");
    }
  }

  /** Whether a device has a certificate by this authority. */
  boolean certifiedDevices(String name) {
    return QuarkusTransaction.requiringNew()
        .call(() -> !entities
            .createQuery(
                "select 1 from CredentialRow where authority = :name and subjectKind = :kind",
                Integer.class)
            .setParameter("name", name)
            .setParameter("kind", CertificateSubject.Kind.DEVICE)
            .setMaxResults(1)
            .getResultList()
            .isEmpty());
  }

  /** A chain with the one root's certificate by the other one must hold. */
  private static void requireCross(Authority subject, Authority signer) {
    TBSCertificate its = CertificateParts.tbs(subject.certificate());
    TBSCertificate by = CertificateParts.tbs(signer.certificate());
    // Self-issued certificates do not count for the length of a path (RFC 5280 §4.2.1.9).
    if (!its.getSubject().equals(by.getSubject())) {
      CaTerms.of(by.getExtensions()).faultOf(CaTerms.of(its.getExtensions())).ifPresent(fault -> {
        throw invalid("\"" + signer.name() + "\" cannot certify \"" + subject.name() + "\": "
            + fault + ". A successor with the same subject can");
      });
      CaTerms.nameFault(by.getExtensions(), its.getSubject(), null).ifPresent(fault -> {
        throw invalid(
            "\"" + signer.name() + "\" cannot certify \"" + subject.name() + "\": " + fault);
      });
    }
  }

  private record Recorded(UUID id, byte[] tbs, KeyHandle signer) {}

  /** The subject's key under the signer's: recorded, signed, noted; nothing when that was done before. */
  private void cross(Authority subject, Authority signer, Actor actor) {
    Recorded recorded = QuarkusTransaction.requiringNew().call(() -> record(subject, signer));
    if (recorded == null) {
      return;
    }
    Der certificate = gates.sign(
        signer.name(),
        () -> CertificateParts.assemble(
            recorded.tbs,
            recorded.signer.algorithm(),
            keys.sign(recorded.signer.id(), recorded.tbs),
            recorded.signer.subjectPublicKeyInfo()));
    QuarkusTransaction.requiringNew().run(() -> {
      lock(signer.name());
      CredentialRow row = entities.find(CredentialRow.class, recorded.id);
      CredentialRow.lock(entities, recorded.id);
      entities.refresh(row);
      if (row.state != CredentialState.PREPARED) {
        throw new Refusal(
            PkiProblem.IN_PROGRESS,
            "Somebody else certified \"" + subject.name() + "\" by \"" + signer.name()
                + "\" meanwhile; ask again.");
      }
      row.issued(certificate, now());
      audit.record(Fact.of("authority.cross-certified", actor, "authority", subject.name())
          .with("issuer", signer.name())
          .with("serial", row.serial)
          .with("sha256", certificate.digest()));
    });
  }

  private @Nullable Recorded record(Authority subject, Authority signer) {
    lock(signer.name());
    List<CredentialRow> before = entities
        .createQuery(
            "from CredentialRow where subjectKind = :kind and subjectId = :subject and authority = :signer",
            CredentialRow.class)
        .setParameter("kind", CertificateSubject.Kind.AUTHORITY)
        .setParameter("subject", subject.name())
        .setParameter("signer", signer.name())
        .getResultList();
    before.stream().filter(row -> row.state == CredentialState.PREPARED).forEach(row -> {
      row.revoked(RevocationReason.CESSATION_OF_OPERATION, now());
      audit.record(UnfinishedSerials.closed(row));
    });
    if (before.stream().anyMatch(row -> row.state == CredentialState.ISSUED)) {
      return null;
    }
    KeyHandle key = keys.get(subject.signingKey());
    KeyHandle signerKey = keys.get(signer.signingKey());
    TBSCertificate its = CertificateParts.tbs(subject.certificate());
    TBSCertificate by = CertificateParts.tbs(signer.certificate());
    CredentialRow row = new CredentialRow();
    BigInteger serial = new BigInteger(SERIAL_BITS, random).setBit(SERIAL_BITS);
    row.id = ids.next();
    row.authority = signer.name();
    row.serial = serial.toString(16);
    row.crlShard = CrlShards.OF_AUTHORITIES;
    row.subjectKind = CertificateSubject.Kind.AUTHORITY;
    row.subjectId = subject.name();
    row.profile = CertificateProfiles.AUTHORITY;
    row.keyDigest = key.subjectPublicKeyInfo().digest().octets();
    row.notBefore = its.getStartDate().getDate().toInstant();
    Instant end = its.getEndDate().getDate().toInstant();
    Instant signerEnd = by.getEndDate().getDate().toInstant();
    row.notAfter = end.isBefore(signerEnd) ? end : signerEnd;
    row.state = CredentialState.PREPARED;
    row.preparedAt = now();
    TBSCertificate tbs = certificates.build(new TbsCertificates.Content(
        signer.name(),
        by.getSubject(),
        signerKey.subjectPublicKeyInfo(),
        KeyIdentifiers.of(by),
        signerKey.algorithm(),
        serial,
        row.crlShard,
        its.getSubject(),
        key.subjectPublicKeyInfo(),
        List.of(),
        null,
        null,
        CaTerms.of(its.getExtensions()),
        row.notBefore,
        row.notAfter));
    Linter.check(tbs, CertificateSubject.Kind.AUTHORITY, signerEnd);
    try {
      row.tbsCertificate = tbs.getEncoded("DER");
    } catch (IOException e) {
      throw new IllegalStateException("a TBSCertificate cannot be encoded", e);
    }
    entities.persist(row);
    return new Recorded(row.id, row.tbsCertificate, signerKey);
  }

  private void note(Authority old, Authority successor, @Nullable Instant from, Actor actor) {
    // In the order of names, as a revocation locks them.
    alone();
    List.of(old.name(), successor.name()).stream().sorted().forEach(this::locked);
    entities.find(AuthorityRow.class, successor.name()).authority().requireTrusted();
    AuthorityRow row = entities.find(AuthorityRow.class, old.name());
    Instant now = now();
    Instant moment = from == null ? now : from.truncatedTo(ChronoUnit.MICROS);
    if (row.successor != null && row.successorFrom != null) {
      boolean begun = !row.successorFrom.isAfter(now);
      if (row.successor.equals(successor.name())
          && (from == null ? begun : moment.equals(row.successorFrom))) {
        return;
      }
      if (begun) {
        throw new Refusal(
            CommonProblem.CONFLICT,
            "\"" + row.successor + "\" follows \"" + old.name() + "\" since " + row.successorFrom
                + "; name the successor of that one.");
      }
    }
    requireNoCircle(old.name(), successor.name());
    row.successor = successor.name();
    row.successorFrom = moment;
    audit.record(Fact.of("authority.succeeded", actor, "authority", old.name())
        .with("successor", successor.name())
        .with("from", moment));
  }

  private void requireNoCircle(String old, String successor) {
    for (String next = successor; next != null; ) {
      if (next.equals(old)) {
        throw invalid("\"" + successor + "\" is itself followed by \"" + old + "\"");
      }
      next = entities.find(AuthorityRow.class, next).successor;
    }
  }

  /** Two acts at once could close a circle. */
  private void alone() {
    entities
        .createNativeQuery("select cast(pg_advisory_xact_lock(:key) as text)")
        .setParameter("key", SUCCESSIONS)
        .getSingleResult();
  }

  /** Holds a revocation off, or finds that it was one. */
  private void lock(String name) {
    locked(name);
    entities.find(AuthorityRow.class, name).authority().requireTrusted();
  }

  private void locked(String name) {
    entities
        .createNativeQuery("select name from authority where name = :name for no key update")
        .setParameter("name", name)
        .getSingleResult();
    entities.refresh(entities.find(AuthorityRow.class, name));
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private static Refusal invalid(String why) {
    return new Refusal(PkiProblem.INVALID_AUTHORITY, "It cannot be: " + why + ".");
  }
}

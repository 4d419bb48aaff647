package io.sallyport.pki;

import io.sallyport.audit.FactRecorded;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities.Authority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import java.io.IOException;
import java.math.BigInteger;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.TBSCertList;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V2TBSCertListGenerator;

/**
 * Publishes each authority's CRL: soon after a revocation, and when half of the last one's validity has passed. One node
 * does it at a time; a CRL's number is committed under the job's epoch before the CRL is signed, and the CRL is published
 * under it (law 9).
 */
@ApplicationScoped
public class CrlPublisher {
  private static final String JOB = "crl";
  /** Revocations that come together share one list. */
  private static final long GATHER_NANOS = 200_000_000;

  private static final Duration LOOK = Duration.ofSeconds(1);
  /** Reading a list of a million entries takes seconds, and so does signing it. */
  private static final Duration LEASE = Duration.ofSeconds(10);

  private static final Duration FIRST_LISTS_WITHIN = Duration.ofSeconds(30);
  private static final long PAUSE_NANOS = 5_000_000;
  private static final int SHARD = 0;

  private final Authorities authorities;
  private final CrlStore store;
  private final Keys keys;
  private final StatusSettings settings;
  private final Clock clock;
  private final SingleWriterJob job;

  CrlPublisher(
      Authorities authorities,
      CrlStore store,
      Keys keys,
      StatusSettings settings,
      Clock clock,
      DataSource database) {
    this.authorities = authorities;
    this.store = store;
    this.keys = keys;
    this.settings = settings;
    this.clock = clock;
    this.job = new SingleWriterJob(JOB, database, LOOK, LEASE, this::publishDue);
  }

  public void start() {
    job.start();
  }

  /** Waits for the very first lists, whichever node makes them, so that no front opens before they can be had. */
  public void awaitLists() {
    long end = System.nanoTime() + FIRST_LISTS_WITHIN.toNanos();
    while (authorities.list().stream()
        .anyMatch(authority ->
            authority.key() != null && store.latest(authority.name(), SHARD).isEmpty())) {
      if (System.nanoTime() - end > 0) {
        throw new IllegalStateException("the first CRLs were not published in time");
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  public void stop() {
    job.close();
  }

  void changed(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    boolean revokes = switch (recorded.fact().kind()) {
      case "certificate.revoked", "certificate.closed" -> true;
      case "certificate.issued" -> recorded.fact().detail().containsKey("revoked");
      default -> false;
    };
    if (revokes) {
      job.wake();
    }
  }

  private boolean publishDue(JobLease lease) throws SQLException {
    List<CrlStore.Standing> due =
        store.standings(lease.connection(), SHARD).stream().filter(this::isDue).toList();
    if (due.stream().anyMatch(CrlStore.Standing::unlisted)) {
      gather();
    }
    for (CrlStore.Standing standing : due) {
      publish(lease, authorities.get(standing.authority()));
    }
    return false;
  }

  /** A root that is kept elsewhere publishes its own list, and has no standing here. */
  private boolean isDue(CrlStore.Standing standing) {
    Instant last = standing.thisUpdate();
    return last == null
        || standing.cutOff()
        || standing.unlisted()
        || clock.instant().isAfter(last.plus(settings.crlValidity().dividedBy(2)));
  }

  private static void gather() {
    long end = System.nanoTime() + GATHER_NANOS;
    for (long left = GATHER_NANOS; left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  private void publish(JobLease lease, Authority authority) throws SQLException {
    AtomicReference<CrlStore.Draft> drafted = new AtomicReference<>();
    lease.write((transaction, mark) -> {
      drafted.set(store.draft(transaction, authority.name(), SHARD));
      return mark + 1;
    });
    CrlStore.Draft draft = Objects.requireNonNull(drafted.get());
    KeyHandle key = keys.get(authority.signingKey());
    Instant thisUpdate = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    Instant nextUpdate = thisUpdate.plus(settings.crlValidity());
    Der crl = sign(authority, key, draft, thisUpdate, nextUpdate);
    lease.write((transaction, mark) -> {
      store.publish(
          transaction, authority.name(), SHARD, draft.number(), thisUpdate, nextUpdate, crl);
      return mark;
    });
  }

  private Der sign(
      Authority authority,
      KeyHandle key,
      CrlStore.Draft draft,
      Instant thisUpdate,
      Instant nextUpdate) {
    V2TBSCertListGenerator generator = new V2TBSCertListGenerator();
    generator.setSignature(TbsCertificates.algorithm(key.algorithm()));
    generator.setIssuer(CertificateParts.tbs(authority.certificate()).getSubject());
    generator.setThisUpdate(new Time(Date.from(thisUpdate)));
    generator.setNextUpdate(new Time(Date.from(nextUpdate)));
    for (CrlStore.Entry entry : draft.entries()) {
      generator.addCRLEntry(
          new ASN1Integer(entry.serial()),
          new Time(Date.from(entry.revokedAt())),
          entry.reason().code());
    }
    try {
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      extensions.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          KeyIdentifiers.utils()
              .createAuthorityKeyIdentifier(
                  SubjectPublicKeyInfo.getInstance(key.subjectPublicKeyInfo().octets())));
      extensions.addExtension(
          Extension.cRLNumber, false, new CRLNumber(BigInteger.valueOf(draft.number())));
      generator.setExtensions(extensions.generate());
      TBSCertList list = generator.generateTBSCertList();
      byte[] encoded = list.getEncoded("DER");
      byte[] signature = keys.sign(key.id(), encoded);
      if (!CertificateParts.verified(
          encoded, key.algorithm(), signature, key.subjectPublicKeyInfo())) {
        throw new IllegalStateException(
            "the signature over a CRL of " + authority.name() + " is wrong");
      }
      ASN1EncodableVector parts = new ASN1EncodableVector();
      parts.add(list);
      parts.add(TbsCertificates.algorithm(key.algorithm()));
      parts.add(new DERBitString(signature));
      return Der.of(new DERSequence(parts).getEncoded("DER"));
    } catch (IOException e) {
      throw new IllegalStateException("a CRL cannot be encoded", e);
    }
  }
}

package io.sallyport.pki;

import io.sallyport.audit.FactRecorded;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Outage;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities.Authority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
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
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Publishes each authority's CRL: soon after a revocation, and when half of the last one's validity has passed. */
@ApplicationScoped
public class CrlPublisher {
  private static final Logger LOG = Logger.getLogger(CrlPublisher.class);
  /** Revocations that come together share one list. */
  private static final long GATHER_NANOS = 200_000_000;

  private static final long LOOK_NANOS = 1_000_000_000;
  private static final int SHARD = 0;

  private final Set<String> changed = ConcurrentHashMap.newKeySet();
  private final Authorities authorities;
  private final CrlStore store;
  private final Keys keys;
  private final StatusSettings settings;
  private final Clock clock;
  private volatile boolean running;
  private volatile @Nullable Thread thread;

  CrlPublisher(
      Authorities authorities, CrlStore store, Keys keys, StatusSettings settings, Clock clock) {
    this.authorities = authorities;
    this.store = store;
    this.keys = keys;
    this.settings = settings;
    this.clock = clock;
  }

  /** Publishes every authority's list once, then goes on in a thread of its own. */
  public void start() {
    own().forEach(this::publish);
    running = true;
    thread = Thread.ofPlatform().daemon().name("crl-publisher").start(this::run);
  }

  public void stop() {
    running = false;
    Thread current = thread;
    if (current != null) {
      LockSupport.unpark(current);
      try {
        current.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  void changed(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    String authority = recorded.fact().detail().get("authority");
    boolean revokes = switch (recorded.fact().kind()) {
      case "certificate.revoked", "certificate.closed" -> true;
      case "certificate.issued" -> recorded.fact().detail().containsKey("revoked");
      default -> false;
    };
    if (revokes && authority != null) {
      changed.add(authority);
      LockSupport.unpark(thread);
    }
  }

  private void run() {
    while (running) {
      LockSupport.parkNanos(changed.isEmpty() ? LOOK_NANOS : GATHER_NANOS);
      try {
        for (Authority authority : own()) {
          if (running && (changed.remove(authority.name()) || halfPassed(authority))) {
            publish(authority);
          }
        }
      } catch (RuntimeException failure) {
        if (!Outage.caused(failure)) {
          LOG.error("A CRL could not be published", failure);
        }
        // Whatever was due is due again: the list on the shelf tells by its nextUpdate how old it
        // may get.
        own().forEach(authority -> changed.add(authority.name()));
        LockSupport.parkNanos(LOOK_NANOS);
      }
    }
  }

  /** A root that is kept elsewhere publishes its own list. */
  private List<Authority> own() {
    return authorities.list().stream()
        .filter(authority -> authority.key() != null)
        .toList();
  }

  private boolean halfPassed(Authority authority) {
    Optional<CertificateStatus.Crl> latest = store.latest(authority.name(), SHARD);
    return latest.isEmpty()
        || clock
            .instant()
            .isAfter(latest.get().thisUpdate().plus(settings.crlValidity().dividedBy(2)));
  }

  private void publish(Authority authority) {
    CrlStore.Draft draft = store.draft(authority.name(), SHARD);
    KeyHandle key = keys.get(authority.signingKey());
    Instant thisUpdate = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    Instant nextUpdate = thisUpdate.plus(settings.crlValidity());
    Der crl = sign(authority, key, draft, thisUpdate, nextUpdate);
    store.publish(authority.name(), SHARD, draft.number(), thisUpdate, nextUpdate, crl);
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

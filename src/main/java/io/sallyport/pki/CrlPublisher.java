package io.sallyport.pki;

import io.sallyport.audit.FactRecorded;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.marks.Marks;
import io.sallyport.pki.Authorities.Authority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.jspecify.annotations.Nullable;

/**
 * Publishes each authority's lists. A revocation makes a delta of its shard soon, whatever stands in the shard already; the
 * whole list follows at once while lists are small, and otherwise so that making them takes a twentieth of the time at
 * most. Both are made anew when half of their validity has passed. One node does it at a time; a number is committed
 * under the job's epoch and then marked outside of the database before anything that carries it is signed, and what was
 * signed is published under the epoch (law 9).
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
  /** All lists anew, because addresses changed, are not signed while the node starts. */
  private static final long STARTING_NANOS = 3_000_000_000L;

  private static final int FIRST_SHARD = 0;
  /** Shards between two looks at what is due. */
  private static final int AT_ONCE = 128;
  /** Octets of entries that are signed between two transactions. */
  private static final int MOST_OCTETS = 8 * 1024 * 1024;
  /** Of the time, for whole lists that nothing but revocations calls for. */
  private static final double SHARE = 0.05;

  private final Authorities authorities;
  private final CrlStore store;
  private final Keys keys;
  private final StatusSettings settings;
  private final CrlShards shards;
  private final Clock clock;
  private final TimeShare share = new TimeShare(SHARE);
  private final SingleWriterJob job;
  /** Those that have their shards; of the job's thread alone. */
  private List<Authority> founded = List.of();

  private final Marks marks;
  private long comparedIn = -1;
  private volatile long startedAt = System.nanoTime();

  CrlPublisher(
      Authorities authorities,
      CrlStore store,
      Keys keys,
      StatusSettings settings,
      CrlShards shards,
      Clock clock,
      DataSource database,
      Marks marks) {
    this.authorities = authorities;
    this.store = store;
    this.keys = keys;
    this.settings = settings;
    this.shards = shards;
    this.clock = clock;
    this.marks = marks;
    this.job = new SingleWriterJob(JOB, database, LOOK, LEASE, this::publishDue);
  }

  public void start() {
    startedAt = System.nanoTime();
    store.use(
        settings.url(),
        authorities.list().stream()
            .filter(authority -> authority.key() != null)
            .collect(Collectors.toMap(Authority::name, shards::count)));
    job.start();
  }

  /** Waits for the very first lists, whichever node makes them, so that no front opens before they can be had. */
  public void awaitLists() {
    long end = System.nanoTime() + FIRST_LISTS_WITHIN.toNanos();
    while (authorities.list().stream()
        .anyMatch(authority -> authority.key() != null
            && store.latest(authority.name(), FIRST_SHARD).isEmpty())) {
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
      case "certificate.revoked",
          "certificate.closed",
          "certificate.held",
          "certificate.released",
          // Its first lists.
          "authority.established",
          "authority.adopted" -> true;
      case "certificate.issued" -> recorded.fact().detail().containsKey("revoked");
      default -> false;
    };
    if (revokes) {
      job.wake();
    }
  }

  private boolean publishDue(JobLease lease) throws SQLException {
    if (lease.epoch() != comparedIn) {
      marks.requireForward(lease.connection());
      comparedIn = lease.epoch();
    }
    List<Authority> all = authorities.list();
    // The list is another object when an authority is new.
    if (all != founded) {
      for (Authority authority : all) {
        if (authority.key() != null) {
          store.found(lease.connection(), authority.name(), shards.count(authority));
        }
      }
      founded = all;
    }
    List<CrlStore.Standing> due = due(lease);
    if (due.stream().anyMatch(CrlStore.Standing::unlisted)) {
      gather();
      due = due(lease);
    }
    List<String> addresses = store.addresses(lease.connection());
    for (int left = due.size(); left > 0 && !due.isEmpty(); ) {
      left -= publish(lease, due.subList(0, Math.min(due.size(), AT_ONCE)), addresses);
      // What was revoked meanwhile does not wait for the first lists of a new authority.
      due = left > 0 ? due(lease) : List.of();
    }
    return false;
  }

  /** A root that is kept elsewhere publishes its own list, and has no standing here. */
  private List<CrlStore.Standing> due(JobLease lease) throws SQLException {
    return store.standings(lease.connection()).stream()
        .filter(this::isDue)
        .sorted(Comparator.comparing(standing -> !standing.unlisted()))
        .toList();
  }

  private boolean isDue(CrlStore.Standing standing) {
    return standing.cutOff()
        || standing.unlisted()
        || isOld(standing.delta(), settings.deltaValidity())
        || isWholeDue(standing);
  }

  private boolean isWholeDue(CrlStore.Standing standing) {
    return standing.delta() == null
        || isOld(standing.base(), settings.crlValidity())
        // Whoever has a certificate with an address that the list does not name finds it out of
        // scope.
        || standing.moved() && System.nanoTime() - startedAt > STARTING_NANOS
        || standing.behind() && share.isLeft();
  }

  private boolean isOld(CrlStore.@Nullable Listed last, Duration validity) {
    return last == null || clock.instant().isAfter(last.thisUpdate().plus(validity.dividedBy(2)));
  }

  private static void gather() {
    long end = System.nanoTime() + GATHER_NANOS;
    for (long left = GATHER_NANOS; left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  /** The lists of the first of these shards, as many as fit between two transactions; answers how many. */
  private int publish(JobLease lease, List<CrlStore.Standing> due, List<String> addresses)
      throws SQLException {
    List<CrlStore.Draft> drafts = new ArrayList<>();
    lease.write((transaction, mark) -> {
      int octets = 0;
      for (CrlStore.Standing standing : due) {
        if (octets > MOST_OCTETS) {
          break;
        }
        boolean whole = isWholeDue(standing);
        long began = System.nanoTime();
        CrlStore.Draft draft = store.draft(transaction, standing, whole);
        if (whole) {
          share.spend(System.nanoTime() - began);
        }
        drafts.add(draft);
        octets += draft.length();
      }
      return mark + drafts.size();
    });
    Map<String, Long> highest = new TreeMap<>();
    drafts.forEach(draft -> highest.merge(draft.standing().authority(), draft.number(), Math::max));
    marks.raiseLists(highest);
    List<Pair> signed = new ArrayList<>();
    for (CrlStore.Draft draft : drafts) {
      signed.add(sign(draft, addresses));
    }
    lease.write((transaction, mark) -> {
      for (int i = 0; i < drafts.size(); i++) {
        store.publish(
            transaction, drafts.get(i), signed.get(i).whole(), signed.get(i).delta(), addresses);
      }
      return mark;
    });
    return drafts.size();
  }

  private record Pair(CrlStore.@Nullable Signed whole, CrlStore.Signed delta) {}

  private Pair sign(CrlStore.Draft draft, List<String> addresses) {
    Authority authority = authorities.get(draft.standing().authority());
    Instant thisUpdate = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    CrlEntries entries = draft.whole();
    CrlStore.Signed whole = null;
    if (entries != null) {
      long began = System.nanoTime();
      whole = sign(authority, draft, addresses, null, entries, thisUpdate, settings.crlValidity());
      share.spend(System.nanoTime() - began);
    }
    return new Pair(
        whole,
        sign(
            authority,
            draft,
            addresses,
            draft.baseNumber(),
            draft.delta(),
            thisUpdate,
            settings.deltaValidity()));
  }

  private CrlStore.Signed sign(
      Authority authority,
      CrlStore.Draft draft,
      List<String> addresses,
      @Nullable Long baseNumber,
      CrlEntries entries,
      Instant thisUpdate,
      Duration validity) {
    KeyHandle key = keys.get(authority.signingKey());
    int shard = draft.standing().shard();
    TBSCertificate issuer = CertificateParts.tbs(authority.certificate());
    CrlEncoding.Content content = new CrlEncoding.Content(
        issuer.getSubject(),
        KeyIdentifiers.of(issuer),
        key,
        draft.number(),
        baseNumber,
        scope(authority, shard, addresses),
        baseNumber == null ? shards.deltaUrl(authority.name(), shard) : null,
        thisUpdate,
        thisUpdate.plus(validity));
    byte[] tbs = CrlEncoding.tbs(content, entries);
    byte[] signature = keys.sign(key.id(), tbs);
    if (!CertificateParts.verified(tbs, key.algorithm(), signature, key.subjectPublicKeyInfo())) {
      throw new IllegalStateException(
          "the signature over a CRL of " + authority.name() + " is wrong");
    }
    return new CrlStore.Signed(
        thisUpdate, content.nextUpdate(), CrlEncoding.list(content, tbs, signature));
  }

  /**
   * A root's list stands for all that it certified, its own certificate too, which names no distribution point; whoever
   * checks whole chains would find any other out of scope.
   */
  private List<String> scope(Authority authority, int shard, List<String> addresses) {
    return authority.issuer().equals(authority.name())
        ? List.of()
        : addresses.stream()
            .map(address -> CrlShards.url(address, authority.name(), shard))
            .toList();
  }
}

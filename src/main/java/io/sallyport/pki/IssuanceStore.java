package io.sallyport.pki;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.KeyClaim;
import io.sallyport.events.Nodes;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.SharedCommits.Spoiled;
import io.sallyport.pki.Drafts.Draft;
import io.sallyport.pki.Issuance.Guard;
import io.sallyport.pki.IssuanceTable.Finishing;
import io.sallyport.pki.IssuanceTable.Known;
import io.sallyport.pki.IssuanceTable.Recording;
import io.sallyport.pki.IssuanceTable.Unfinished;
import io.sallyport.pki.Prepared.Signed;
import io.sallyport.pki.UnfinishedSerials.Closed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.TransactionSynchronizationRegistry;
import jakarta.transaction.Transactional;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The durable steps of an issuance, for many at once: one transaction that records what will be signed, and one that
 * records what was. Nothing is signed in here.
 */
@ApplicationScoped
class IssuanceStore {
  /** Longer than any signature takes; a serial that is still unfinished then was left by a crash. */
  private static final Duration UNFINISHED_AFTER = Duration.ofSeconds(30);

  private final EntityManager entities;
  private final DataSource database;
  private final TransactionSynchronizationRegistry transaction;
  private final Devices devices;
  private final Audit audit;
  private final Nodes nodes;
  private final Clock clock;

  IssuanceStore(
      EntityManager entities,
      DataSource database,
      TransactionSynchronizationRegistry transaction,
      Devices devices,
      Audit audit,
      Nodes nodes,
      Clock clock) {
    this.entities = entities;
    this.database = database;
    this.transaction = transaction;
    this.devices = devices;
    this.audit = audit;
    this.nodes = nodes;
    this.clock = clock;
  }

  /** A draft, and what must hold for it to be recorded. */
  record Asked(Draft draft, Guard guard) {}

  /** A signed certificate, and on whose behalf. */
  record Finished(Signed signed, Actor actor) {}

  /** What prepare comes to. */
  sealed interface Preparation permits Preparation.Retry, Prepared {
    /** Law 2: the certificate is there already. */
    record Retry(Credential credential) implements Preparation {}
  }

  /** What finish comes to. */
  sealed interface Completion {
    record Issued(Credential credential) implements Completion {}

    /** The device or its issuer was revoked meanwhile: recorded, published revoked, not handed out (law 5). */
    record RevokedMeanwhile() implements Completion {}

    /** The serial was closed as unfinished before its signature came. */
    record Closed() implements Completion {}
  }

  /** In the order of {@code all}. Throws {@link Spoiled} for the first that is refused or fails; then nothing is recorded. */
  @Transactional
  List<Preparation> prepare(List<Asked> all) {
    try (Connection connection = database.getConnection()) {
      IssuanceTable table = new IssuanceTable(connection);
      long[] counters = lock(all, table);
      requireTrusted(all, table);
      requireSound(all);
      claimKeys(all);
      Map<Integer, Known> known = table.known(all.stream().map(Asked::draft).toList());
      requireReleased(known);
      all.forEach(asked -> asked.guard.expect(asked.draft.order().digest()));
      for (int i = 0; i < all.size(); i++) {
        check(i, all.get(i));
      }
      requireOneUse(known);
      List<Preparation> preparations = new ArrayList<>();
      List<Recording> recordings = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        Draft draft = all.get(i).draft;
        Known before = known.get(i);
        Optional<Preparation> retry =
            before == null ? Optional.empty() : again(i, draft, before.credential(), table);
        preparations.add(retry.orElse(new Prepared(draft, counters[i])));
        if (retry.isEmpty()) {
          recordings.add(new Recording(draft, counters[i]));
        }
      }
      entities.flush();
      table.record(recordings, nodes.here());
      return preparations;
    } catch (SQLException e) {
      throw new IllegalStateException("certificates could not be recorded", e);
    }
  }

  /** One preparation at a time for a device and what is on it; for other subjects, for an order. */
  private long[] lock(List<Asked> all, IssuanceTable table) throws SQLException {
    Set<UUID> onDevices = new HashSet<>();
    Set<Long> others = new HashSet<>();
    all.forEach(asked -> asked
        .draft
        .order()
        .subject()
        .onDevice()
        .ifPresentOrElse(onDevices::add, () -> others.add(lockOf(asked.draft))));
    Map<UUID, Long> counters = onDevices.isEmpty() ? Map.of() : devices.lockAll(onDevices);
    if (!others.isEmpty()) {
      table.lockOrders(others);
    }
    long[] found = new long[all.size()];
    for (int i = 0; i < found.length; i++) {
      Optional<UUID> device = all.get(i).draft.order().subject().onDevice();
      found[i] = device.isEmpty() ? 0 : counter(i, device.get(), counters);
    }
    return found;
  }

  private static long lockOf(Draft draft) {
    return new BigInteger(draft.request().substring(0, 16), 16).longValue();
  }

  private long counter(int index, UUID device, Map<UUID, Long> counters) {
    Long counter = counters.get(device);
    if (counter == null) {
      try {
        return devices.get(device).revocationCounter();
      } catch (Refusal unknown) {
        throw new Spoiled(index, unknown);
      }
    }
    return counter;
  }

  /** Nothing is recorded for an authority to sign once its revocation committed. */
  private static void requireTrusted(List<Asked> all, IssuanceTable table) throws SQLException {
    Set<String> revoked = table.revoked(
        all.stream().map(asked -> authority(asked.draft)).collect(Collectors.toSet()));
    for (int i = 0; i < all.size() && !revoked.isEmpty(); i++) {
      if (revoked.contains(authority(all.get(i).draft))) {
        throw new Spoiled(
            i,
            new Refusal(
                PkiProblem.AUTHORITY_REVOKED,
                "Authority \"" + authority(all.get(i).draft)
                    + "\" was revoked and certifies nothing more."));
      }
    }
  }

  private static String authority(Draft draft) {
    return draft.issuer().authority().name();
  }

  private void requireSound(List<Asked> all) {
    Set<Digest> compromised = devices.compromised(all.stream()
        .map(asked -> asked.draft.order().subjectPublicKeyInfo().digest())
        .toList());
    for (int i = 0; i < all.size() && !compromised.isEmpty(); i++) {
      Digest key = all.get(i).draft.order().subjectPublicKeyInfo().digest();
      if (compromised.contains(key)) {
        try {
          devices.requireSound(key);
        } catch (Refusal refused) {
          throw new Spoiled(i, refused);
        }
      }
    }
  }

  /** A key that stands for a device stands for nothing else, even where nobody claims it for a unit. */
  private static void requireOneUse(Map<Integer, Known> known) {
    first(known, Known::usedOtherwise).ifPresent(index -> {
      throw new Spoiled(
          index,
          new Refusal(
              PkiProblem.WEAK_KEY,
              "This key was certified for something of another kind; make a new key."));
    });
  }

  /** Law 2: what asks again for a held certificate gets neither that nor another one on its key. */
  private static void requireReleased(Map<Integer, Known> known) {
    first(known, Known::held).ifPresent(index -> {
      throw new Spoiled(
          index,
          new Refusal(
              PkiProblem.HELD,
              "A certificate on this key is on hold; ask again when it is released, or with another key."));
    });
  }

  private static OptionalInt first(Map<Integer, Known> known, Predicate<Known> such) {
    return known.entrySet().stream()
        .filter(one -> such.test(one.getValue()))
        .mapToInt(Map.Entry::getKey)
        .min();
  }

  private void claimKeys(List<Asked> all) {
    List<KeyClaim> claims = new ArrayList<>();
    List<Integer> whose = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      for (KeyClaim claim : all.get(i).guard.claims()) {
        claims.add(claim);
        whose.add(i);
      }
    }
    OptionalInt taken = devices.claimKeys(claims);
    if (taken.isPresent()) {
      throw new Spoiled(whose.get(taken.getAsInt()), Devices.duplicateKey());
    }
  }

  /** What a guard leaves in memory is written and forgotten, so that the next one's cost does not grow with it. */
  private void check(int index, Asked asked) {
    try {
      asked.guard.check(asked.draft.order().digest());
      if (asked.guard != Guard.NONE) {
        entities.flush();
        entities.clear();
      }
    } catch (RuntimeException | Error refused) {
      throw new Spoiled(index, refused);
    }
    if (transaction.getRollbackOnly()) {
      throw new Spoiled(index, new IllegalStateException("a guard gave its transaction up"));
    }
  }

  /** Law 2. */
  private Optional<Preparation> again(
      int index, Draft draft, @Nullable UUID known, IssuanceTable table) throws SQLException {
    if (known == null) {
      return Optional.empty();
    }
    CredentialRow.lock(entities, known);
    CredentialRow last = entities.find(CredentialRow.class, known);
    if (last == null) {
      Unfinished unfinished = table.unfinished(known);
      if (unfinished != null) {
        closeOver(index, known, unfinished, table);
        return Optional.empty();
      }
      // Finished or closed since.
      last = entities.find(CredentialRow.class, known);
      if (last == null) {
        return Optional.empty();
      }
    }
    switch (last.state) {
      case ISSUED -> {
        if (reusable(last, draft)
            && (last.authority.equals(authority(draft))
                || table.revoked(Set.of(last.authority)).isEmpty())) {
          return Optional.of(new Preparation.Retry(last.credential()));
        }
        refuseIfSpent(index, draft);
      }
      case PREPARED -> throw new IllegalStateException("only authorities are prepared there");
      case REVOKED -> {
        if (last.thumbprint != null) {
          refuseIfSpent(index, draft);
        }
      }
    }
    return Optional.empty();
  }

  /** Of a process that died nothing comes any more; were it alive after all, its {@link #finish} finds nothing left. */
  private void closeOver(int index, UUID known, Unfinished unfinished, IssuanceTable table)
      throws SQLException {
    if (unfinished.since().plus(UNFINISHED_AFTER).isAfter(clock.instant())
        && nodes.isAlive(unfinished.by())) {
      throw new Spoiled(
          index,
          new Refusal(
              PkiProblem.IN_PROGRESS,
              "The same request is being answered; repeat it in a moment."));
    }
    audit.recordAll(table.close(known, now()).stream().map(Closed::fact).toList());
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private boolean reusable(CredentialRow row, Draft draft) {
    Instant renewal = RenewalWindow.opensAt(
        row.notBefore,
        row.notAfter,
        draft.order().certificateProfile().enrollment().renewalWindow());
    return row.firstUsedAt == null
        && row.supersededAt == null
        && clock.instant().isBefore(renewal);
  }

  private static void refuseIfSpent(int index, Draft draft) {
    if (draft.order().once()) {
      throw new Spoiled(
          index,
          new Refusal(
              PkiProblem.AUTHENTICATION_SPENT,
              "The token was used; ask for a new one to enroll this device again."));
    }
  }

  /** In the order of {@code all}; each signed certificate is recorded and answered at most once. */
  @Transactional
  List<Completion> finish(List<Finished> all) {
    Instant now = now();
    try (Connection connection = database.getConnection()) {
      Set<UUID> onDevices = all.stream()
          .flatMap(one -> one.signed.draft().order().subject().onDevice().stream())
          .collect(Collectors.toSet());
      Map<UUID, Long> counters = onDevices.isEmpty() ? Map.of() : devices.lockAll(onDevices);
      IssuanceTable table = new IssuanceTable(connection);
      Set<String> revoked = table.revoked(
          all.stream().map(one -> authority(one.signed.draft())).collect(Collectors.toSet()));
      List<Finishing> finishing = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        Signed signed = all.get(i).signed;
        Optional<UUID> device = signed.draft().order().subject().onDevice();
        boolean same =
            device.isEmpty() || counter(i, device.get(), counters) == signed.revocationCounter();
        finishing.add(new Finishing(
            signed.draft().id(),
            signed.certificate(),
            same && !revoked.contains(authority(signed.draft()))
                ? null
                : RevocationReason.CESSATION_OF_OPERATION));
      }
      return recorded(all, finishing, table.finish(finishing, now));
    } catch (SQLException e) {
      throw new IllegalStateException("certificates could not be recorded", e);
    }
  }

  private List<Completion> recorded(
      List<Finished> all, List<Finishing> finishing, Set<UUID> unfinished) {
    List<Completion> completions = new ArrayList<>();
    List<Fact> facts = new ArrayList<>();
    Map<UUID, Actor> active = new TreeMap<>();
    for (int i = 0; i < all.size(); i++) {
      Signed signed = all.get(i).signed;
      Actor actor = all.get(i).actor;
      if (!unfinished.contains(signed.draft().id())) {
        completions.add(new Completion.Closed());
      } else if (finishing.get(i).revoked() != null) {
        facts.add(issued(signed, actor)
            .with("revoked", "the device or its issuer was revoked meanwhile"));
        completions.add(new Completion.RevokedMeanwhile());
      } else {
        facts.add(issued(signed, actor));
        CertificateSubject subject = signed.draft().order().subject();
        if (subject.kind() == CertificateSubject.Kind.DEVICE) {
          active.putIfAbsent(UUID.fromString(subject.id()), actor);
        }
        completions.add(new Completion.Issued(credential(signed)));
      }
    }
    if (!active.isEmpty()) {
      facts.addAll(devices.activateAll(active));
    }
    audit.recordAll(facts);
    return completions;
  }

  static Fact issued(Signed signed, Actor actor) {
    Draft draft = signed.draft();
    CertificateSubject subject = draft.order().subject();
    return new Fact(
        "certificate.issued",
        actor,
        subject.kind().word(),
        subject.id(),
        Map.of(
            "authority", draft.issuer().authority().name(),
            "serial", draft.serial().toString(16),
            "profile", draft.order().certificateProfile().name(),
            "sha256", signed.certificate().digest().toString(),
            "key", draft.order().subjectPublicKeyInfo().digest().hex(),
            "shard", Integer.toString(draft.crlShard()),
            "not_after", draft.notAfter().toString()));
  }

  static Credential credential(Signed signed) {
    Draft draft = signed.draft();
    return new Credential(
        draft.issuer().authority().name(),
        draft.serial(),
        draft.order().subject(),
        draft.order().certificateProfile().name(),
        signed.certificate().digest(),
        draft.order().subjectPublicKeyInfo().digest(),
        draft.notBefore(),
        draft.notAfter(),
        null,
        null,
        null,
        signed.certificate());
  }
}

package io.sallyport.pki;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.KeyClaim;
import io.sallyport.events.Nodes;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.BulkIssuance.BlockGuard;
import io.sallyport.pki.BulkIssuance.Outcome;
import io.sallyport.pki.BulkIssuance.Piece;
import io.sallyport.pki.Drafts.Draft;
import io.sallyport.pki.IssuanceBlockTable.Finishing;
import io.sallyport.pki.IssuanceBlockTable.Recording;
import io.sallyport.pki.IssuanceTable.Known;
import io.sallyport.pki.Prepared.Signed;
import io.sallyport.pki.UnfinishedSerials.Closed;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/** The durable steps of a block of issuances; see {@link IssuanceStore}, which has those of a single one. */
@ApplicationScoped
class IssuanceBlocks {
  /** Detail of a fact. */
  private static final String ACTIVATED = "activated";

  private final DataSource database;
  private final Devices devices;
  private final Audit audit;
  private final Nodes nodes;
  private final Ids ids;
  private final Clock clock;

  IssuanceBlocks(
      DataSource database, Devices devices, Audit audit, Nodes nodes, Ids ids, Clock clock) {
    this.database = database;
    this.devices = devices;
    this.audit = audit;
    this.nodes = nodes;
    this.ids = ids;
    this.clock = clock;
  }

  /** A draft, and what it was made for. */
  record Asked(Draft draft, Piece piece) {
    Digest key() {
      return draft.order().subjectPublicKeyInfo().digest();
    }

    String authority() {
      return draft.issuer().authority().name();
    }
  }

  /** What is recorded now, and what is not, each by its index. */
  record Preparation(UUID id, Map<Integer, Prepared> prepared, Map<Integer, Outcome> refused) {}

  /** Records what will be signed, in one row (law 1). */
  @Transactional
  Preparation prepare(UUID scope, Map<Integer, Asked> all, BlockGuard guard) {
    UUID block = ids.next();
    Map<Integer, Asked> left = new TreeMap<>(all);
    Map<Integer, Outcome> refused = new HashMap<>();
    try (Connection connection = database.getConnection()) {
      IssuanceBlockTable table = new IssuanceBlockTable(connection);
      Map<UUID, Long> counters = new HashMap<>(devices.lockAll(onDevices(left)));
      refuse(left, refused, untrusted(left, new IssuanceTable(connection)));
      refuse(left, refused, unsound(left, new IssuanceTable(connection)));
      Map<Integer, Piece> pieces = new TreeMap<>();
      left.forEach((index, asked) -> pieces.put(index, asked.piece));
      refuse(left, refused, guard.prepare(block, pieces));
      lockNew(left, refused, counters);
      refuse(left, refused, foreign(left));
      Map<Integer, Prepared> prepared = new TreeMap<>();
      List<Recording> recordings = new ArrayList<>();
      left.forEach((index, asked) -> {
        long counter = counters.getOrDefault(device(asked), 0L);
        prepared.put(index, new Prepared(asked.draft, counter));
        recordings.add(new Recording(asked.draft, counter));
      });
      if (!recordings.isEmpty()) {
        table.record(
            block, scope, recordings, clock.instant().truncatedTo(ChronoUnit.MICROS), nodes.here());
      }
      return new Preparation(block, prepared, refused);
    } catch (SQLException e) {
      throw new IllegalStateException("a block of certificates could not be recorded", e);
    }
  }

  private static void refuse(
      Map<Integer, Asked> left, Map<Integer, Outcome> refused, Map<Integer, Refusal> now) {
    now.forEach((index, refusal) -> {
      if (left.remove(index) != null) {
        refused.put(index, new Outcome.Refused(refusal));
      }
    });
  }

  private static UUID device(Asked asked) {
    return asked.draft.order().subject().onDevice().orElseThrow();
  }

  private static Set<UUID> onDevices(Map<Integer, Asked> all) {
    Set<UUID> found = all.values().stream().map(IssuanceBlocks::device).collect(Collectors.toSet());
    if (found.size() < all.size()) {
      throw new IllegalArgumentException("a block has two certificates for one device");
    }
    return found;
  }

  /** Those that the guard made are nobody else's yet. */
  private void lockNew(
      Map<Integer, Asked> left, Map<Integer, Outcome> refused, Map<UUID, Long> counters) {
    Set<UUID> made = new HashSet<>();
    left.values().forEach(asked -> {
      if (!counters.containsKey(device(asked))) {
        made.add(device(asked));
      }
    });
    if (made.isEmpty()) {
      return;
    }
    counters.putAll(devices.lockAll(made));
    Map<Integer, Refusal> unknown = new HashMap<>();
    left.forEach((index, asked) -> {
      if (!counters.containsKey(device(asked))) {
        unknown.put(index, Devices.unknownDevice(device(asked)));
      }
    });
    refuse(left, refused, unknown);
  }

  private static Map<Integer, Refusal> untrusted(Map<Integer, Asked> all, IssuanceTable table)
      throws SQLException {
    Set<String> revoked =
        table.revoked(all.values().stream().map(Asked::authority).collect(Collectors.toSet()));
    Map<Integer, Refusal> refusals = new HashMap<>();
    all.forEach((index, asked) -> {
      if (revoked.contains(asked.authority())) {
        refusals.put(
            index,
            new Refusal(
                PkiProblem.AUTHORITY_REVOKED,
                "Authority \"" + asked.authority() + "\" was revoked and certifies nothing more."));
      }
    });
    return refusals;
  }

  /** Keys that are known to others, that are on hold, or that stand for something of another kind. */
  private Map<Integer, Refusal> unsound(Map<Integer, Asked> all, IssuanceTable table)
      throws SQLException {
    Set<Digest> compromised =
        devices.compromised(all.values().stream().map(Asked::key).toList());
    List<Integer> order = List.copyOf(all.keySet());
    Map<Integer, Known> known = new HashMap<>();
    table
        .known(all.values().stream().map(Asked::draft).toList())
        .forEach((n, one) -> known.put(order.get(n), one));
    Map<Integer, Refusal> refusals = new HashMap<>();
    all.forEach((index, asked) -> {
      Known before = known.get(index);
      if (compromised.contains(asked.key())) {
        refusals.put(index, Devices.compromisedKey());
      } else if (before != null && before.held()) {
        refusals.put(
            index,
            new Refusal(
                PkiProblem.HELD,
                "A certificate on this key is on hold; ask again when it is released, or with another key."));
      } else if (before != null && before.usedOtherwise()) {
        refusals.put(
            index,
            new Refusal(
                PkiProblem.WEAK_KEY,
                "This key was certified for something of another kind; make a new key."));
      }
    });
    return refusals;
  }

  private Map<Integer, Refusal> foreign(Map<Integer, Asked> all) {
    List<KeyClaim> claims = new ArrayList<>();
    List<Integer> whose = new ArrayList<>();
    all.forEach((index, asked) -> asked.piece.claims().forEach(claim -> {
      claims.add(claim);
      whose.add(index);
    }));
    Map<Integer, Refusal> refusals = new HashMap<>();
    devices
        .claimEach(claims)
        .forEach(foreign -> refusals.put(whose.get(foreign), Devices.duplicateKey()));
    return refusals;
  }

  /** Each signed certificate is recorded and answered at most once. */
  @Transactional
  Map<Integer, Outcome> finish(
      UUID block, Map<Integer, Signed> signed, BlockGuard guard, Actor actor) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    try (Connection connection = database.getConnection()) {
      IssuanceBlockTable table = new IssuanceBlockTable(connection);
      Map<UUID, Long> counters =
          devices.lockAll(signed.values().stream().map(IssuanceBlocks::device).toList());
      if (!table.take(block)) {
        return closedMeanwhile(signed.keySet());
      }
      Set<String> revoked = new IssuanceTable(connection)
          .revoked(signed.values().stream()
              .map(one -> one.draft().issuer().authority().name())
              .collect(Collectors.toSet()));
      List<Finishing> finishing = new ArrayList<>();
      Map<Integer, Credential> issued = new TreeMap<>();
      Map<Integer, Outcome> outcomes = new HashMap<>();
      List<Fact> facts = new ArrayList<>();
      Map<UUID, Actor> active = new TreeMap<>();
      signed.forEach((index, one) -> {
        // Law 5.
        boolean good = counters.getOrDefault(device(one), -1L) == one.revocationCounter()
            && !revoked.contains(one.draft().issuer().authority().name());
        finishing.add(new Finishing(one, good ? null : RevocationReason.CESSATION_OF_OPERATION));
        Fact fact = IssuanceStore.issued(one, actor);
        if (good) {
          Credential credential = IssuanceStore.credential(one);
          issued.put(index, credential);
          outcomes.put(index, new Outcome.Issued(credential));
          active.put(device(one), actor);
          facts.add(fact);
        } else {
          outcomes.put(
              index,
              new Outcome.Refused(
                  new Refusal(
                      PkiProblem.REVOKED_MEANWHILE,
                      "The device, or the authority that certifies it, was revoked while its certificate was made.")));
          facts.add(fact.with("revoked", "the device or its issuer was revoked meanwhile"));
        }
      });
      table.finish(finishing, now, nodes.here());
      audit.recordAll(activated(facts, active));
      // Last, for blocks of one batch wait for each other from here on.
      guard.issued(block, issued);
      return outcomes;
    } catch (SQLException e) {
      throw new IllegalStateException("a block of certificates could not be recorded", e);
    }
  }

  /** One fact tells that a certificate was issued and that its device became active by it. */
  private List<Fact> activated(List<Fact> facts, Map<UUID, Actor> active) {
    if (active.isEmpty()) {
      return facts;
    }
    Set<String> activated =
        devices.activateAll(active).stream().map(Fact::subject).collect(Collectors.toSet());
    return facts.stream()
        .map(fact -> activated.contains(fact.subject()) ? fact.with(ACTIVATED, true) : fact)
        .toList();
  }

  private static UUID device(Signed signed) {
    return signed.draft().order().subject().onDevice().orElseThrow();
  }

  private static Map<Integer, Outcome> closedMeanwhile(Collection<Integer> all) {
    Map<Integer, Outcome> outcomes = new HashMap<>();
    all.forEach(index -> outcomes.put(
        index,
        new Outcome.Refused(new Refusal(
            PkiProblem.IN_PROGRESS, "The request took too long and was closed; repeat it."))));
    return outcomes;
  }

  /** Closes its serials, unless it was finished or closed before. */
  @Transactional
  void close(UUID block) {
    closeAll(table -> table.close(block, clock.instant().truncatedTo(ChronoUnit.MICROS)));
  }

  /** The processes that prepared what is unfinished and have died. */
  @Transactional
  Set<UUID> dead() {
    try (Connection connection = database.getConnection()) {
      return new IssuanceBlockTable(connection)
          .preparedBy().stream()
              .filter(life -> !nodes.isAlive(life))
              .collect(Collectors.toUnmodifiableSet());
    } catch (SQLException e) {
      throw new IllegalStateException("blocks of certificates could not be looked for", e);
    }
  }

  /** One block that a crash left. Answers how many serials were closed. */
  @Transactional
  int closeUnfinished(Instant preparedBefore, Set<UUID> dead) {
    return closeAll(table ->
        table.closeOne(preparedBefore, dead, clock.instant().truncatedTo(ChronoUnit.MICROS)));
  }

  private interface Closing {
    List<Closed> close(IssuanceBlockTable table) throws SQLException;
  }

  private int closeAll(Closing closing) {
    try (Connection connection = database.getConnection()) {
      List<Closed> closed = closing.close(new IssuanceBlockTable(connection));
      audit.recordAll(closed.stream().map(Closed::fact).toList());
      return closed.size();
    } catch (SQLException e) {
      throw new IllegalStateException("a block of certificates could not be closed", e);
    }
  }

  @Transactional
  Set<UUID> underWay(Collection<UUID> blocks) {
    try (Connection connection = database.getConnection()) {
      return new IssuanceBlockTable(connection).there(blocks);
    } catch (SQLException e) {
      throw new IllegalStateException("blocks of certificates could not be looked for", e);
    }
  }

  @Transactional
  boolean isUnderWay(UUID scope) {
    try (Connection connection = database.getConnection()) {
      return new IssuanceBlockTable(connection).isUnderWay(scope);
    } catch (SQLException e) {
      throw new IllegalStateException("blocks of certificates could not be looked for", e);
    }
  }
}

package io.sallyport.policy;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.CanaryPolicies.Share;
import io.sallyport.policy.PolicyCanaries.Canary;
import io.sallyport.policy.PolicyCanaries.Side;
import io.sallyport.policy.PolicyVersions.Change;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.Query;
import jakarta.persistence.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The tables of canaries; every method runs in its caller's transaction, and one that writes under the lock of changes. */
@Singleton
final class CanaryRows {
  private final EntityManager entities;

  CanaryRows(EntityManager entities) {
    this.entities = entities;
  }

  /** Refuses with {@code conflict} while one lives: what is promoted must be what was tried. */
  void requireNone() {
    // One whose time is over is ended within a second: until then another node's clock may have it
    // live.
    if (newest().filter(canary -> canary.endedAt() == null).isPresent()) {
      throw new Refusal(
          CommonProblem.CONFLICT,
          "Policies are tried on a share of the fleet, and nothing else may change meanwhile: promote or abandon that first"
              + " (admin policy canary).");
    }
  }

  Optional<Canary> live(Instant now) {
    return newest().filter(canary -> canary.endedAt() == null && now.isBefore(canary.until()));
  }

  Optional<Canary> newest() {
    List<?> rows = entities
        .createNativeQuery(
            "select number, base, candidate, percent, profile, site, begun_at, begun_by, until_at, ended_at, outcome, note"
                + " from policy_canary order by number desc limit 1",
            Tuple.class)
        .getResultList();
    return rows.stream().findFirst().map(row -> canary((Tuple) row));
  }

  private Canary canary(Tuple row) {
    long number = row.get(0, Number.class).longValue();
    return new Canary(
        number,
        row.get(1, String.class),
        row.get(2, String.class),
        new Share(
            row.get(3, Number.class).intValue(),
            row.get(4, String.class),
            row.get(5, String.class)),
        row.get(6, Instant.class),
        row.get(7, String.class),
        row.get(8, Instant.class),
        row.get(9, Instant.class),
        row.get(10, String.class),
        row.get(11, String.class),
        changes(number),
        sides(number));
  }

  private List<Change> changes(long canary) {
    List<?> rows = entities
        .createNativeQuery(
            "select name, replaced, hash from policy_canary_change where canary = ?1 order by name",
            Tuple.class)
        .setParameter(1, canary)
        .getResultList();
    return rows.stream()
        .map(row -> (Tuple) row)
        .map(row -> new Change(
            row.get(0, String.class), row.get(1, String.class), row.get(2, String.class)))
        .toList();
  }

  private List<Side> sides(long canary) {
    List<Side> sides =
        new ArrayList<>(List.of(new Side(false, 0, 0, 0, 0), new Side(true, 0, 0, 0, 0)));
    List<?> rows = entities
        .createNativeQuery(
            "select candidate, permits, denials, compared, differing from policy_canary_count where canary = ?1",
            Tuple.class)
        .setParameter(1, canary)
        .getResultList();
    for (Object each : rows) {
      Tuple row = (Tuple) each;
      boolean candidate = row.get(0, Boolean.class);
      sides.set(
          candidate ? 1 : 0,
          new Side(
              candidate,
              row.get(1, Number.class).longValue(),
              row.get(2, Number.class).longValue(),
              row.get(3, Number.class).longValue(),
              row.get(4, Number.class).longValue()));
    }
    return sides;
  }

  void insert(Canary canary) {
    Query insert = entities.createNativeQuery(
        "insert into policy_canary (number, base, candidate, percent, profile, site, note, begun_at, begun_by, until_at)"
            + " values (?1, ?2, ?3, ?4, nullif(?5, ''), nullif(?6, ''), ?7, ?8, ?9, ?10)");
    insert
        .setParameter(1, canary.number())
        .setParameter(2, canary.base())
        .setParameter(3, canary.candidate())
        .setParameter(4, canary.share().percent())
        .setParameter(5, Objects.requireNonNullElse(canary.share().profile(), ""))
        .setParameter(6, Objects.requireNonNullElse(canary.share().site(), ""))
        .setParameter(7, canary.note())
        .setParameter(8, canary.begunAt())
        .setParameter(9, canary.begunBy())
        .setParameter(10, canary.until())
        .executeUpdate();
    for (Change change : canary.changes()) {
      entities
          .createNativeQuery("insert into policy_canary_change (canary, name, replaced, hash)"
              + " values (?1, ?2, nullif(?3, ''), nullif(?4, ''))")
          .setParameter(1, canary.number())
          .setParameter(2, change.name())
          .setParameter(3, Objects.requireNonNullElse(change.from(), ""))
          .setParameter(4, Objects.requireNonNullElse(change.to(), ""))
          .executeUpdate();
    }
  }

  /** Answers whether it lived. */
  boolean end(long canary, Instant at, String outcome) {
    return entities
            .createNativeQuery("update policy_canary set ended_at = ?2, outcome = ?3"
                + " where number = ?1 and ended_at is null")
            .setParameter(1, canary)
            .setParameter(2, at)
            .setParameter(3, outcome)
            .executeUpdate()
        == 1;
  }

  void count(long canary, Side side) {
    entities
        .createNativeQuery(
            "insert into policy_canary_count as c (canary, candidate, permits, denials, compared, differing)"
                + " values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (canary, candidate) do update set"
                + " permits = c.permits + excluded.permits, denials = c.denials + excluded.denials,"
                + " compared = c.compared + excluded.compared, differing = c.differing + excluded.differing")
        .setParameter(1, canary)
        .setParameter(2, side.candidate())
        .setParameter(3, side.permits())
        .setParameter(4, side.denials())
        .setParameter(5, side.compared())
        .setParameter(6, side.differing())
        .executeUpdate();
  }
}

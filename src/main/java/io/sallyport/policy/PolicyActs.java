package io.sallyport.policy;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.PolicyVersions.Act;
import io.sallyport.policy.PolicyVersions.Change;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.Tuple;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The tables of acts; every method runs in its caller's transaction, and one that writes under the lock of changes. */
@Singleton
final class PolicyActs {
  private static final String ACT = """
      select a.number, a.at, a.by, a.kind, a.set_hash, a.replaced, a.note,
        (select count(*) from policy_change c where c.act = a.number) changed
      from policy_act a""";

  private final EntityManager entities;

  PolicyActs(EntityManager entities) {
    this.entities = entities;
  }

  /** The name of a set, as {@link PolicySet#hash} has it. */
  static String hash(SortedMap<String, String> members) {
    StringBuilder versions = new StringBuilder();
    members.forEach(
        (name, hash) -> versions.append(name).append(' ').append(hash).append('\n'));
    return Digest.of(versions.toString().getBytes(StandardCharsets.UTF_8)).hex();
  }

  /** What is in force: version hashes by name. */
  SortedMap<String, String> current() {
    return members("select name, hash from policy", List.of());
  }

  /** What was in force after the newest act that led to {@code set}; empty when none did. */
  Optional<SortedMap<String, String>> of(String set) {
    List<?> newest = entities
        .createNativeQuery(
            "select number from policy_act where set_hash = ?1 order by number desc limit 1")
        .setParameter(1, set)
        .getResultList();
    return newest.stream()
        .findFirst()
        .map(number -> members(
            "select name, hash from (select distinct on (name) name, hash from policy_change"
                + " where act <= ?1 order by name, act desc) newest where hash is not null",
            List.of(number)));
  }

  private SortedMap<String, String> members(String sql, List<?> parameters) {
    var query = entities.createNativeQuery(sql, Tuple.class);
    for (int i = 0; i < parameters.size(); i++) {
      query.setParameter(i + 1, parameters.get(i));
    }
    SortedMap<String, String> members = new TreeMap<>();
    List<?> rows = query.getResultList();
    for (Object row : rows) {
      members.put(((Tuple) row).get(0, String.class), ((Tuple) row).get(1, String.class));
    }
    return members;
  }

  /** Writes an act down and answers its number. */
  long record(
      String kind,
      String set,
      String replaced,
      Collection<Change> changes,
      String note,
      Actor by,
      Instant at) {
    long number = ((Number) entities
                .createNativeQuery("select coalesce(max(number), 0) from policy_act")
                .getSingleResult())
            .longValue()
        + 1;
    entities
        .createNativeQuery("insert into policy_act (number, at, by, kind, set_hash, replaced, note)"
            + " values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .setParameter(1, number)
        .setParameter(2, at)
        .setParameter(3, by.toString())
        .setParameter(4, kind)
        .setParameter(5, set)
        .setParameter(6, replaced)
        .setParameter(7, note)
        .executeUpdate();
    entities
        .createNativeQuery("insert into policy_change (act, name, hash)"
            + " select ?1, name, nullif(hash, '') from unnest(?2, ?3) as changed (name, hash)")
        .setParameter(1, number)
        .setParameter(2, changes.stream().map(Change::name).toArray(String[]::new))
        .setParameter(
            3,
            changes.stream()
                .map(change -> change.to() == null ? "" : change.to())
                .toArray(String[]::new))
        .executeUpdate();
    return number;
  }

  /** Those before {@code before}, newest first. */
  List<Act> list(long before, int most) {
    List<?> rows = entities
        .createNativeQuery(
            ACT + " where a.number < ?1 order by a.number desc limit ?2", Tuple.class)
        .setParameter(1, before)
        .setParameter(2, most)
        .getResultList();
    return rows.stream().map(row -> act((Tuple) row)).toList();
  }

  private static Act act(Tuple row) {
    return new Act(
        row.get(0, Number.class).longValue(),
        row.get(1, Instant.class),
        row.get(2, String.class),
        row.get(3, String.class),
        row.get(4, String.class),
        row.get(5, String.class),
        row.get(6, String.class),
        row.get(7, Number.class).intValue());
  }

  /** What an act changed, each with what was in force before it. */
  List<Change> changes(long act) {
    List<?> rows =
        entities.createNativeQuery("""
            select c.name, (select b.hash from policy_change b where b.name = c.name and b.act < c.act
              order by b.act desc limit 1), c.hash
            from policy_change c where c.act = ?1 order by c.name""", Tuple.class).setParameter(1, act).getResultList();
    return rows.stream()
        .map(row -> (Tuple) row)
        .map(row -> new Change(
            row.get(0, String.class), row.get(1, String.class), row.get(2, String.class)))
        .toList();
  }
}

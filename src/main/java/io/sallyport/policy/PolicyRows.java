package io.sallyport.policy;

import io.sallyport.policy.Policies.Policy;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import java.util.List;
import java.util.Optional;

/** The tables behind {@link StoredPolicies}; every method runs in its caller's transaction. */
@Singleton
final class PolicyRows {
  private static final String SELECT =
      "select new io.sallyport.policy.Policies$Policy(p.name, p.hash, v.document, p.appliedAt)"
          + " from PolicyRow p join PolicyVersionRow v on v.name = p.name and v.hash = p.hash";

  private final EntityManager entities;

  PolicyRows(EntityManager entities) {
    this.entities = entities;
  }

  /** Lets one change after the other happen; readers go on. Held to the end of the transaction. */
  void lockChanges() {
    entities.createNativeQuery("lock table policy in share row exclusive mode").executeUpdate();
  }

  Optional<Policy> find(String name) {
    return entities
        .createQuery(SELECT + " where p.name = :name", Policy.class)
        .setParameter("name", name)
        .getResultStream()
        .findFirst();
  }

  /** In order of name, from behind {@code after}. */
  List<Policy> list(String after, int most) {
    return entities
        .createQuery(SELECT + " where p.name > :after order by p.name", Policy.class)
        .setParameter("after", after)
        .setMaxResults(most)
        .getResultList();
  }

  List<Policy> all() {
    return entities.createQuery(SELECT + " order by p.name", Policy.class).getResultList();
  }

  void put(Policy policy, String appliedBy) {
    keep(policy, appliedBy);
    PolicyRow current = entities.find(PolicyRow.class, policy.name());
    if (current == null) {
      entities.persist(new PolicyRow(policy.name(), policy.hash(), policy.appliedAt()));
    } else {
      current.hash = policy.hash();
      current.appliedAt = policy.appliedAt();
    }
  }

  /** Keeps the text without putting it in force. */
  void keep(Policy policy, String appliedBy) {
    if (entities.find(
            PolicyVersionRow.class, new PolicyVersionRow.Key(policy.name(), policy.hash()))
        == null) {
      entities.persist(new PolicyVersionRow(
          policy.name(), policy.hash(), policy.yaml(), policy.appliedAt(), appliedBy));
      entities.flush();
    }
  }

  /** A text that was applied once. */
  Optional<String> version(String name, String hash) {
    return Optional.ofNullable(
            entities.find(PolicyVersionRow.class, new PolicyVersionRow.Key(name, hash)))
        .map(version -> version.document);
  }

  /** Before anything is written beside Hibernate that refers to it. */
  void flush() {
    entities.flush();
  }

  void remove(String name) {
    entities
        .createQuery("delete from PolicyRow p where p.name = :name")
        .setParameter("name", name)
        .executeUpdate();
  }
}

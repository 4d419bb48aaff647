package io.sallyport.grants;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;

/** Grants in PostgreSQL. */
@Singleton
final class StoredGrants implements GrantStore {
  private final EntityManager entities;
  private final Audit audit;

  StoredGrants(EntityManager entities, Audit audit) {
    this.entities = entities;
    this.audit = audit;
  }

  @Override
  public void issued(NetworkGrant grant, Actor actor) {
    QuarkusTransaction.requiringNew().run(() -> {
      entities.persist(grant);
      audit.record(Fact.of("grant.issued", actor, "grant", grant.id())
          .with("device", grant.device())
          .with("thumbprint", grant.thumbprint())
          .with("flows", grant.flows())
          .with("expires_at", grant.expiresAt())
          .with("decisions", grant.decisions())
          .with("policy_hash", grant.policyHash()));
    });
  }

  @Override
  public void refused(Fact fact) {
    audit.recordRefusal(fact);
  }
}

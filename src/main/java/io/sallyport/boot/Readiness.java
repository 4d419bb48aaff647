package io.sallyport.boot;

import io.sallyport.decision.Freshness;
import io.sallyport.marks.Marks;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Whether this node should get traffic: its database answers, it is confirmed current, and it has authorities to issue
 * with, and has reached its marks. Answered from memory.
 */
@Singleton
final class Readiness {
  private final DatabaseWatch database;
  private final StateMeters state;
  private final Freshness freshness;
  private final Marks marks;

  Readiness(DatabaseWatch database, StateMeters state, Freshness freshness, Marks marks) {
    this.database = database;
    this.state = state;
    this.freshness = freshness;
    this.marks = marks;
  }

  @Produces
  @Singleton
  @org.eclipse.microprofile.health.Readiness
  HealthCheck databaseAnswers() {
    return () -> told("database", database.isUp());
  }

  @Produces
  @Singleton
  @org.eclipse.microprofile.health.Readiness
  HealthCheck decisionsAreCurrent() {
    return () -> told("decisions", freshness.isCurrent());
  }

  @Produces
  @Singleton
  @org.eclipse.microprofile.health.Readiness
  HealthCheck authoritiesAreCertified() {
    return () -> told("authorities", state.isCertified());
  }

  @Produces
  @Singleton
  @org.eclipse.microprofile.health.Readiness
  HealthCheck marksAreReached() {
    return () -> told("marks", marks.refusal() == null);
  }

  private static HealthCheckResponse told(String name, boolean up) {
    return HealthCheckResponse.named(name).status(up).build();
  }
}

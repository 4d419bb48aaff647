package io.sallyport.boot;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.audit.Fact;
import io.sallyport.audit.FactRecorded;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.inject.Singleton;
import java.util.Locale;

/** Counts what this node committed, from the facts: everything that happens is one (law 8). */
@Singleton
final class FactMeters {
  private final MeterRegistry meters;

  FactMeters(MeterRegistry meters) {
    this.meters = meters;
  }

  void count(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    Fact fact = recorded.fact();
    count("sallyport.facts", "Facts committed on this node, by kind", "kind", fact.kind());
    switch (fact.kind()) {
      case "device.appraised" ->
        count(
            "sallyport.appraisals",
            "Appraisals by their trust tier",
            "status",
            detail(fact, "status"));
      case "certificate.revoked" ->
        count(
            "sallyport.revocations",
            "Certificates revoked, by reason",
            "reason",
            detail(fact, "reason").toLowerCase(Locale.ROOT).replace('_', '-'));
      default -> {
        // Counted by its kind alone.
      }
    }
  }

  private void count(String name, String description, String tag, String value) {
    Counter.builder(name)
        .description(description)
        .tag(tag, value)
        .register(meters)
        .increment();
  }

  private static String detail(Fact fact, String name) {
    return fact.detail().getOrDefault(name, "none");
  }
}

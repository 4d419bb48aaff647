package io.sallyport.bench;

import io.sallyport.kernel.Actor;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.Issuance;
import io.sallyport.pki.RevocationReason;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Milliseconds for a revocation through the door of {@code pki}, up to the published delta that has it: of many, divided
 * by their number. With a million revoked already over the same with a thousand.
 */
@Singleton
final class RevocationFlatProbe implements Probe {
  private static final int FEW = 1_000;
  private static final int CERTIFICATES = 2_000;
  private static final int CALLERS = 8;

  private final RevokedCertificates revoked;
  private final IssuancePlant plant;
  private final Issuance issuance;
  private final Credentials credentials;

  RevocationFlatProbe(
      RevokedCertificates revoked,
      IssuancePlant plant,
      Issuance issuance,
      Credentials credentials) {
    this.revoked = revoked;
    this.plant = plant;
    this.issuance = issuance;
    this.credentials = credentials;
  }

  @Override
  public String name() {
    return "revocation-flat";
  }

  @Override
  public Figure measure() throws Exception {
    // Until what is hot is compiled.
    millis(FEW);
    double few = millis(FEW);
    double many = millis(RevokedCertificates.MILLION);
    revoked.fill(0);
    return Figure.of(name(), many, "ms at a million", few, "the same at a thousand");
  }

  private double millis(int already) throws Exception {
    revoked.fill(already);
    revoked.publishAll();
    Queue<Credential> live = certificates();
    revoked.awaitListed();
    long start = System.nanoTime();
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        running.add(callers.submit(() -> {
          for (Credential one = live.poll(); one != null; one = live.poll()) {
            credentials.revoke(
                one.authority(), one.serial(), RevocationReason.SUPERSEDED, Actor.SERVER);
          }
        }));
      }
      for (Future<?> caller : running) {
        caller.get();
      }
    }
    revoked.awaitListed();
    return (System.nanoTime() - start) / 1e6 / CERTIFICATES;
  }

  private Queue<Credential> certificates() throws Exception {
    Queue<IssuancePlant.Asked> orders = plant.orders(Duration.ofMillis(CERTIFICATES / 2));
    Queue<Credential> live = new ConcurrentLinkedQueue<>();
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < CERTIFICATES; i++) {
        IssuancePlant.Asked asked = orders.remove();
        running.add(callers.submit(
            () -> live.add(issuance.issue(asked.order(), asked.guard(), Actor.SERVER))));
      }
      for (Future<?> caller : running) {
        caller.get();
      }
    }
    return live;
  }
}

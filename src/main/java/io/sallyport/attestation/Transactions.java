package io.sallyport.attestation;

import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.inject.Singleton;
import java.util.function.Supplier;

/** Where the steps of one appraisal commit. {@link Verifier} alone opens them. */
interface Transactions {
  /** Runs {@code work} in a transaction of its own; what it throws rolls back and comes out as it is. */
  <T> T begin(Supplier<T> work);

  /** Transactions of the server. */
  @Singleton
  final class OfServer implements Transactions {
    @Override
    public <T> T begin(Supplier<T> work) {
      return QuarkusTransaction.requiringNew().call(work::get);
    }
  }
}

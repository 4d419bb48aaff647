package io.sallyport.attestation;

import io.sallyport.attestation.AttestationKeys.AttestationKey;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.Optional;

/** The clocks of quotes in the database. */
@Singleton
final class StoredQuoteHistory implements QuoteHistory {
  private final AttestationKeyStore store;
  private final Credentials credentials;
  private final Transactions transactions;

  StoredQuoteHistory(
      AttestationKeyStore store, Credentials credentials, Transactions transactions) {
    this.store = store;
    this.credentials = credentials;
    this.transactions = transactions;
  }

  @Override
  public Optional<TpmClock> furthest(AttestationKey key) {
    return transactions.begin(
        () -> store.row(key.certificate()).flatMap(AttestationKeyRow::furthest));
  }

  @Override
  public void add(AttestationKey key, TpmClock clock, Instant now) {
    Credential credential = credentials
        .byThumbprint(key.certificate().digest())
        .filter(found -> found.liveAt(now))
        .orElseThrow(() -> new Refusal(
            AttestationProblem.REVOKED_CREDENTIAL,
            "The attestation key was revoked or replaced while the evidence was appraised."));
    credentials.used(credential);
    AttestationKeyRow row = store.locked(key.id());
    row.furthest()
        .map(furthest -> furthest.furtherOf(clock))
        .or(() -> Optional.of(clock))
        .ifPresent(furthest -> row.quoted(furthest, now));
  }
}

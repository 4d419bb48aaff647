package io.sallyport.attestation;

import io.sallyport.attestation.Signals.Severity;
import io.sallyport.attestation.Signals.Signal;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "signal")
class SignalRow {
  @Id
  UUID id;

  UUID device;
  String source;
  String kind;

  @Enumerated(EnumType.STRING)
  Severity severity;

  String claim;
  String reason;

  @Column(name = "received_at")
  Instant receivedAt;

  @Column(name = "expires_at")
  Instant expiresAt;

  @Column(name = "ended_at")
  @Nullable
  Instant endedAt;

  @SuppressWarnings("NullAway.Init")
  protected SignalRow() {}

  SignalRow(Signal signal) {
    this.id = signal.id();
    this.device = signal.device();
    this.source = signal.source();
    this.kind = signal.kind();
    this.severity = signal.severity();
    this.claim = signal.claim();
    this.reason = signal.reason();
    this.receivedAt = signal.receivedAt();
    this.expiresAt = signal.expiresAt();
  }

  Signal signal() {
    return new Signal(
        id, device, source, kind, severity, claim, reason, receivedAt, expiresAt, endedAt);
  }
}

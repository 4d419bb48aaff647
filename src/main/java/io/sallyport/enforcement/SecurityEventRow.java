package io.sallyport.enforcement;

import io.sallyport.enforcement.SecurityEvents.SecurityEvent;
import io.sallyport.enforcement.SecurityEvents.Type;
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
@Table(name = "security_event")
class SecurityEventRow {
  @Id
  UUID id;

  UUID point;
  UUID device;

  @Enumerated(EnumType.STRING)
  Type type;

  String payload;

  @Nullable
  UUID enforcement;

  UUID transaction;
  Instant at;
  int attempts;

  @Column(name = "next_attempt_at")
  Instant nextAttemptAt;

  @Column(name = "done_at")
  @Nullable
  Instant doneAt;

  String detail;

  @SuppressWarnings("NullAway.Init")
  protected SecurityEventRow() {}

  SecurityEvent event(EnforcementPoint of) {
    return new SecurityEvent(
        id, of, device, type, SettingsText.readTexts(payload), transaction, at);
  }
}

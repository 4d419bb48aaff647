package io.sallyport.enforcement;

import io.sallyport.enforcement.Sessions.Report;
import io.sallyport.enforcement.Sessions.Session;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "access_session")
class AccessSessionRow {
  @Id
  UUID id;

  UUID point;
  UUID device;
  String name;
  String port;
  boolean permit;
  String attributes;

  @Nullable
  UUID decision;

  @Column(name = "started_at")
  Instant startedAt;

  @Column(name = "seen_at")
  Instant seenAt;

  @Column(name = "expected_by")
  Instant expectedBy;

  @Column(name = "ended_at")
  @Nullable
  Instant endedAt;

  @Column(name = "end_reason")
  @Nullable
  String endReason;

  @SuppressWarnings("NullAway.Init")
  protected AccessSessionRow() {}

  AccessSessionRow(UUID id, UUID point, Report report, Instant now) {
    this.id = id;
    this.point = point;
    this.device = report.device();
    this.name = report.name();
    this.port = report.port();
    this.permit = report.permit();
    this.attributes = SettingsText.writeTexts(report.attributes());
    this.decision = report.decision();
    this.startedAt = now;
    this.seenAt = now;
    this.expectedBy = report.expectedBy();
  }

  void goesOn(Report report, Instant now) {
    Map<String, String> merged = new HashMap<>(SettingsText.readTexts(attributes));
    if (report.decision() != null) {
      merged.keySet().removeAll(NetworkAccess.ATTRIBUTES);
    }
    merged.putAll(report.attributes());
    attributes = SettingsText.writeTexts(merged);
    if (report.decision() != null) {
      decision = report.decision();
      permit = report.permit();
    }
    seenAt = now;
    expectedBy = report.expectedBy();
  }

  Session session() {
    return new Session(
        id,
        point,
        device,
        name,
        port,
        permit,
        SettingsText.readTexts(attributes),
        decision,
        startedAt,
        seenAt,
        endedAt,
        endReason);
  }
}

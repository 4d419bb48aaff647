package io.sallyport.decommission;

import io.sallyport.decommission.Decommissions.StepState;
import io.sallyport.kernel.Actor;
import io.sallyport.pki.RevocationReason;
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
@Table(name = "decommission_run")
class RunRow {
  @Id
  UUID device;

  @Enumerated(EnumType.STRING)
  RevocationReason reason;

  String note;

  @Column(name = "started_by")
  String startedBy;

  @Column(name = "started_at")
  Instant startedAt;

  @Column(name = "wipe_state")
  @Enumerated(EnumType.STRING)
  StepState wipeState;

  @Column(name = "wipe_deadline")
  @Nullable
  Instant wipeDeadline;

  @Column(name = "wipe_at")
  @Nullable
  Instant wipeAt;

  @Column(name = "wipe_by")
  @Nullable
  String wipeBy;

  @Column(name = "wipe_detail")
  String wipeDetail;

  @Column(name = "committed_at")
  @Nullable
  Instant committedAt;

  @Column(name = "finished_at")
  @Nullable
  Instant finishedAt;

  @Column(name = "finish_detail")
  @Nullable
  String finishDetail;

  @SuppressWarnings("NullAway.Init")
  protected RunRow() {}

  RunRow(UUID device, RevocationReason reason, String note, Actor actor, Instant now) {
    this.device = device;
    this.reason = reason;
    this.note = note;
    this.startedBy = actor.toString();
    this.startedAt = now;
    this.wipeState = StepState.SKIPPED;
    this.wipeDetail = "no wipe was asked for";
  }

  void wipe(StepState state, Instant at, @Nullable String by, String detail) {
    wipeState = state;
    wipeAt = at;
    wipeBy = by;
    wipeDetail = detail;
  }
}

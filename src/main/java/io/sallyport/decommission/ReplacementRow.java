package io.sallyport.decommission;

import io.sallyport.decommission.Replacements.Replacement;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;

@Entity
@Table(name = "replacement")
class ReplacementRow {
  @Id
  UUID failed;

  UUID spare;
  String name;
  String reason;

  @Column(name = "replaced_by")
  String by;

  @Column(name = "replaced_at")
  Instant at;

  @SuppressWarnings("NullAway.Init")
  protected ReplacementRow() {}

  ReplacementRow(Replacement replacement) {
    this.failed = replacement.failed();
    this.spare = replacement.spare();
    this.name = replacement.name();
    this.reason = replacement.reason();
    this.by = replacement.by();
    this.at = replacement.at();
  }

  Replacement replacement() {
    return new Replacement(failed, spare, name, reason, by, at);
  }
}

package io.sallyport.pki;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** A certificate profile's document. */
@Entity
@Table(name = "certificate_profile")
class CertificateProfileRow {
  @Id
  String name;

  String yaml;

  @Column(name = "applied_at")
  Instant appliedAt;

  @SuppressWarnings("NullAway.Init")
  protected CertificateProfileRow() {}

  CertificateProfileRow(String name, String yaml, Instant appliedAt) {
    this.name = name;
    this.yaml = yaml;
    this.appliedAt = appliedAt;
  }
}

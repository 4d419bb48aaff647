package io.sallyport.pki;

import io.sallyport.kernel.Der;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import java.io.Serializable;
import java.time.Instant;

@Entity
@Table(name = "crl")
@IdClass(CrlRow.Key.class)
class CrlRow {
  /** Authority and shard. */
  record Key(String authority, int shard) implements Serializable {}

  @Id
  String authority;

  @Id
  int shard;

  long number;

  @Column(name = "this_update")
  Instant thisUpdate;

  @Column(name = "next_update")
  Instant nextUpdate;

  byte[] crl;

  @SuppressWarnings("NullAway.Init")
  protected CrlRow() {}

  CertificateStatus.Crl published() {
    return new CertificateStatus.Crl(Der.of(crl), number, thisUpdate, nextUpdate);
  }
}

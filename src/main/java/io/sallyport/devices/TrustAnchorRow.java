package io.sallyport.devices;

import io.sallyport.devices.Anchor.TakenList;
import io.sallyport.kernel.Der;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;

/** A manufacturer's trust anchor; its digest is the key, so an anchor belongs to one manufacturer only. */
@Entity
@Table(name = "trust_anchor")
class TrustAnchorRow {
  /** SHA-256 in hex. */
  @Id
  String digest;

  UUID manufacturer;

  /** In the canonical form of {@link javax.security.auth.x500.X500Principal}. */
  String subject;

  byte[] certificate;

  @JdbcTypeCode(SqlTypes.ARRAY)
  String[] models = {};

  @Column(name = "serial_patterns")
  @JdbcTypeCode(SqlTypes.ARRAY)
  String[] serialPatterns = {};

  @Column(name = "not_before")
  @Nullable
  Instant notBefore;

  @Column(name = "not_after")
  @Nullable
  Instant notAfter;

  @Column(name = "lists_required")
  boolean listsRequired;

  @Column(name = "distrusted_at")
  @Nullable
  Instant distrustedAt;

  @Column(name = "distrusted_key")
  byte @Nullable [] distrustedKey;

  @Column(name = "distrust_reason")
  @Nullable
  String distrustReason;

  @SuppressWarnings("NullAway.Init")
  protected TrustAnchorRow() {}

  TrustAnchorRow(
      String digest, UUID manufacturer, String subject, byte[] certificate, AnchorTerms terms) {
    this.digest = digest;
    this.manufacturer = manufacturer;
    this.subject = subject;
    this.certificate = certificate.clone();
    take(terms);
  }

  final void take(AnchorTerms terms) {
    models = terms.models().toArray(String[]::new);
    serialPatterns = terms.serialNumbers().stream().map(SerialPattern::text).toArray(String[]::new);
    notBefore = terms.notBefore();
    notAfter = terms.notAfter();
    listsRequired = terms.listsRequired();
  }

  AnchorTerms terms() {
    return new AnchorTerms(
        List.of(models),
        Stream.of(serialPatterns).map(SerialPattern::new).toList(),
        notBefore,
        notAfter,
        listsRequired);
  }

  Anchor.@Nullable Distrust distrust() {
    return distrustedAt == null
        ? null
        : new Anchor.Distrust(distrustedAt, distrustReason == null ? "" : distrustReason);
  }

  Anchor anchor(List<TakenList> lists) {
    return new Anchor(Der.of(certificate), terms(), distrust(), lists);
  }
}

package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.pki.Authorities.Authority;
import io.sallyport.pki.Authorities.Cross;
import io.sallyport.pki.Authorities.Distrust;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "authority")
class AuthorityRow {
  @Id
  String name;

  String issuer;

  /** Null when the key is kept elsewhere. */
  @Column(name = "signing_key")
  @Nullable
  UUID key;

  /** Null until it is certified. */
  byte @Nullable [] certificate;

  @Column(name = "crl_number")
  long crlNumber;

  @Column(name = "created_at")
  Instant createdAt;

  /** What an operator asked for; null for one of the first start. */
  @Nullable
  String plan;

  /** Its PKCS #10 request, when whoever certifies it keeps its key elsewhere. */
  byte @Nullable [] request;

  @Nullable
  String successor;

  @Column(name = "successor_from")
  @Nullable
  Instant successorFrom;

  @Column(name = "distrusted_at")
  @Nullable
  Instant distrustedAt;

  @Enumerated(EnumType.STRING)
  @Column(name = "distrust_reason")
  @Nullable
  RevocationReason distrustReason;

  /** The authority whose revocation it was. */
  @Column(name = "distrusted_with")
  @Nullable
  String distrustedWith;

  @SuppressWarnings("NullAway.Init")
  protected AuthorityRow() {}

  AuthorityRow(String name, String issuer, @Nullable UUID key, Instant createdAt) {
    this.name = name;
    this.issuer = issuer;
    this.key = key;
    this.createdAt = createdAt;
  }

  Authority authority() {
    return authority(List.of());
  }

  Authority authority(List<Cross> crosses) {
    if (certificate == null) {
      throw new IllegalStateException("authority " + name + " is not certified yet");
    }
    return new Authority(
        name, issuer, key, Der.of(certificate), distrust(), successor, successorFrom, crosses);
  }

  @Nullable
  Distrust distrust() {
    return distrustedAt == null || distrustReason == null || distrustedWith == null
        ? null
        : new Distrust(distrustedAt, distrustReason, distrustedWith);
  }
}

package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.FlushModeType;
import jakarta.persistence.Id;
import jakarta.persistence.PrimaryKeyJoinColumn;
import jakarta.persistence.SecondaryTable;
import jakarta.persistence.Table;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A serial number and all that became of it. */
@Entity
@Table(name = "credential")
@SecondaryTable(
    name = CredentialRow.BODY,
    pkJoinColumns = @PrimaryKeyJoinColumn(name = "credential"))
class CredentialRow {
  /** Certificates in partitions by the year in which they end; gone when their term has ended. */
  static final String BODY = "certificate_body";

  @Id
  UUID id;

  String authority;

  /** Lower-case hexadecimal without leading zeros. */
  String serial;

  @Enumerated(EnumType.STRING)
  @Column(name = "subject_kind")
  CertificateSubject.Kind subjectKind;

  @Column(name = "subject_id")
  String subjectId;

  String profile;

  @Column(name = "key_digest")
  byte[] keyDigest;

  /** Until it is signed; then beside the certificate. */
  @Column(name = "tbs_certificate")
  byte[] tbsCertificate;

  @Column(table = BODY, name = "tbs")
  byte @Nullable [] signedTbs;

  /** Which partition the certificate is in. */
  @Column(table = BODY, name = "ends_on")
  @Nullable
  LocalDate endsOn;

  @Column(table = BODY)
  byte @Nullable [] certificate;

  byte @Nullable [] thumbprint;

  @Column(name = "not_before")
  Instant notBefore;

  @Column(name = "not_after")
  Instant notAfter;

  @Column(name = "crl_shard")
  int crlShard;

  @Enumerated(EnumType.STRING)
  CredentialState state;

  /** The device's, when this issuance began (law 5). */
  @Column(name = "revocation_counter")
  long revocationCounter;

  @Column(name = "prepared_at")
  Instant preparedAt;

  /** The process that prepared it, null when that was before there were several. */
  @Column(name = "prepared_by")
  @Nullable
  UUID preparedBy;

  @Column(name = "issued_at")
  @Nullable
  Instant issuedAt;

  @Column(name = "first_used_at")
  @Nullable
  Instant firstUsedAt;

  @Column(name = "superseded_at")
  @Nullable
  Instant supersededAt;

  @Column(name = "revoked_at")
  @Nullable
  Instant revokedAt;

  @Enumerated(EnumType.STRING)
  @Column(name = "revocation_reason")
  @Nullable
  RevocationReason revocationReason;

  @SuppressWarnings("NullAway.Init")
  protected CredentialRow() {}

  /**
   * Locks the row and reads it anew. By hand: Hibernate locks the row of the certificate too, which may not be there yet,
   * or not any more.
   */
  void lock(EntityManager entities) {
    lock(entities, id);
    entities.refresh(this);
  }

  static void lock(EntityManager entities, UUID id) {
    entities
        .createNativeQuery("select 1 from credential where id = :id for no key update")
        .setFlushMode(FlushModeType.COMMIT)
        .setParameter("id", id)
        .getResultList();
  }

  /** Which partition a certificate is in. */
  static LocalDate endsOn(Instant notAfter) {
    return LocalDate.ofInstant(notAfter, ZoneOffset.UTC);
  }

  /** Signed once, and dropped since: it ended, and so did the term for which such are kept. */
  boolean isGone() {
    return thumbprint != null && certificate == null;
  }

  CertificateSubject subject() {
    return new CertificateSubject(subjectKind, subjectId);
  }

  void issued(Der signed, Instant at) {
    certificate = signed.octets();
    signedTbs = tbsCertificate;
    endsOn = endsOn(notAfter);
    thumbprint = signed.digest().octets();
    issuedAt = at;
    state = CredentialState.ISSUED;
  }

  void revoked(RevocationReason reason, Instant at) {
    state = CredentialState.REVOKED;
    revokedAt = at;
    revocationReason = reason;
  }

  /** Since when it is on hold, or null. */
  @Nullable
  Instant heldSince() {
    return state == CredentialState.REVOKED && revocationReason == RevocationReason.CERTIFICATE_HOLD
        ? revokedAt
        : null;
  }

  void released() {
    state = CredentialState.ISSUED;
    revokedAt = null;
    revocationReason = null;
  }

  /** Only of a serial whose certificate was signed. */
  Credential credential() {
    if (certificate == null || thumbprint == null) {
      throw new IllegalStateException(
          "serial " + serial + " of " + authority + " was never signed");
    }
    return new Credential(
        authority,
        new BigInteger(serial, 16),
        subject(),
        profile,
        Digest.ofOctets(thumbprint),
        Digest.ofOctets(keyDigest),
        notBefore,
        notAfter,
        firstUsedAt,
        supersededAt,
        revokedAt == null || revocationReason == null
            ? null
            : new Credential.Revocation(revokedAt, revocationReason),
        Der.of(certificate));
  }
}

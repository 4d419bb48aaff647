package io.sallyport.keys;

import io.sallyport.kernel.Der;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;

/** A key pair, its private part sealed. */
@Entity
@Table(name = "signing_key")
class StoredKey {
  @Id
  private UUID id;

  @Enumerated(EnumType.STRING)
  private KeyAlgorithm algorithm;

  private String purpose;

  @Column(name = "subject_public_key_info")
  private byte[] subjectPublicKeyInfo;

  @Column(name = "sealed_private_key")
  private byte[] sealedPrivateKey;

  @Column(name = "created_at")
  private Instant createdAt;

  @SuppressWarnings("NullAway.Init")
  protected StoredKey() {}

  StoredKey(
      UUID id,
      KeyAlgorithm algorithm,
      String purpose,
      byte[] subjectPublicKeyInfo,
      byte[] sealedPrivateKey,
      Instant createdAt) {
    this.id = id;
    this.algorithm = algorithm;
    this.purpose = purpose;
    this.subjectPublicKeyInfo = subjectPublicKeyInfo.clone();
    this.sealedPrivateKey = sealedPrivateKey.clone();
    this.createdAt = createdAt;
  }

  KeyHandle handle() {
    return new KeyHandle(id, algorithm, Der.of(subjectPublicKeyInfo));
  }

  byte[] sealedPrivateKey() {
    return sealedPrivateKey;
  }
}

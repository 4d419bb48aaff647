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
import org.jspecify.annotations.Nullable;

/** A key pair, its private part sealed here or kept in a token. */
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
  private byte @Nullable [] sealedPrivateKey;

  @Column(name = "token_label")
  private @Nullable String tokenLabel;

  @Column(name = "token_key_id")
  private byte @Nullable [] tokenKeyId;

  @Column(name = "created_at")
  private Instant createdAt;

  @SuppressWarnings("NullAway.Init")
  protected StoredKey() {}

  private StoredKey(
      UUID id,
      KeyAlgorithm algorithm,
      String purpose,
      byte[] subjectPublicKeyInfo,
      Instant createdAt) {
    this.id = id;
    this.algorithm = algorithm;
    this.purpose = purpose;
    this.subjectPublicKeyInfo = subjectPublicKeyInfo.clone();
    this.createdAt = createdAt;
  }

  static StoredKey sealed(
      UUID id,
      KeyAlgorithm algorithm,
      String purpose,
      byte[] subjectPublicKeyInfo,
      byte[] sealedPrivateKey,
      Instant createdAt) {
    StoredKey key = new StoredKey(id, algorithm, purpose, subjectPublicKeyInfo, createdAt);
    key.sealedPrivateKey = sealedPrivateKey.clone();
    return key;
  }

  static StoredKey inToken(
      UUID id,
      KeyAlgorithm algorithm,
      String purpose,
      String tokenLabel,
      Pkcs11Token.Made made,
      Instant createdAt) {
    StoredKey key = new StoredKey(id, algorithm, purpose, made.subjectPublicKeyInfo(), createdAt);
    key.tokenLabel = tokenLabel;
    key.tokenKeyId = made.keyId();
    return key;
  }

  KeyHandle handle() {
    return new KeyHandle(id, algorithm, Der.of(subjectPublicKeyInfo));
  }

  byte @Nullable [] sealedPrivateKey() {
    return sealedPrivateKey;
  }

  @Nullable
  String tokenLabel() {
    return tokenLabel;
  }

  byte @Nullable [] tokenKeyId() {
    return tokenKeyId;
  }

  String purpose() {
    return purpose;
  }

  Instant createdAt() {
    return createdAt;
  }
}

package io.sallyport.enrollment;

import io.sallyport.enrollment.AccountBindings.Binding;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "account_binding")
class AccountBindingRow {
  @Id
  UUID id;

  UUID device;

  @Column(name = "sealed_key")
  byte[] sealedKey;

  @Column(name = "host_names")
  String hostNames;

  @Column(name = "created_at")
  Instant createdAt;

  @Column(name = "expires_at")
  Instant expiresAt;

  @Column(name = "used_at")
  @Nullable
  Instant usedAt;

  @SuppressWarnings("NullAway.Init")
  protected AccountBindingRow() {}

  AccountBindingRow(
      UUID id,
      UUID device,
      byte[] sealedKey,
      List<String> hostNames,
      Instant createdAt,
      Instant expiresAt) {
    this.id = id;
    this.device = device;
    this.sealedKey = sealedKey.clone();
    this.hostNames = String.join("\n", hostNames);
    this.createdAt = createdAt;
    this.expiresAt = expiresAt;
  }

  List<String> names() {
    return hostNames.lines().toList();
  }

  Binding binding() {
    return new Binding(id, device, names(), createdAt, expiresAt, usedAt);
  }
}

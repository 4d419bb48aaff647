package io.sallyport.enrollment;

import io.sallyport.enrollment.Accounts.Account;
import io.sallyport.enrollment.Accounts.AccountKey;
import io.sallyport.enrollment.Accounts.Status;
import io.sallyport.kernel.Der;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

@Entity
@Table(name = "enrollment_account")
class AccountRow {
  @Id
  UUID id;

  @ManyToOne(fetch = FetchType.EAGER)
  @JoinColumn(name = "binding")
  AccountBindingRow binding;

  UUID device;
  String profile;
  byte[] key;
  String thumbprint;
  String contacts;

  @Enumerated(EnumType.STRING)
  Status status;

  @Column(name = "created_at")
  Instant createdAt;

  @SuppressWarnings("NullAway.Init")
  protected AccountRow() {}

  AccountRow(
      UUID id,
      AccountBindingRow binding,
      String profile,
      AccountKey key,
      List<String> contacts,
      Instant createdAt) {
    this.id = id;
    this.binding = binding;
    this.device = binding.device;
    this.profile = profile;
    this.key = key.subjectPublicKeyInfo().octets();
    this.thumbprint = key.thumbprint();
    this.contacts = String.join("\n", contacts);
    this.status = Status.VALID;
    this.createdAt = createdAt;
  }

  Account account() {
    return new Account(
        id,
        device,
        profile,
        new AccountKey(Der.of(key), thumbprint),
        contacts.lines().toList(),
        binding.names(),
        status,
        createdAt);
  }
}

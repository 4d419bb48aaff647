package io.sallyport.enrollment;

import io.sallyport.enrollment.RegistrationAuthorities.RegistrationAuthority;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "registration_authority")
class RegistrationAuthorityRow {
  @Id
  UUID id;

  String name;
  String manufacturer;
  String[] profiles;

  @Column(name = "key_digest")
  byte[] keyDigest;

  @Column(name = "created_at")
  Instant createdAt;

  @Column(name = "removed_at")
  @Nullable
  Instant removedAt;

  @SuppressWarnings("NullAway.Init")
  protected RegistrationAuthorityRow() {}

  RegistrationAuthorityRow(
      UUID id,
      String name,
      String manufacturer,
      Set<String> profiles,
      byte[] keyDigest,
      Instant createdAt) {
    this.id = id;
    this.name = name;
    this.manufacturer = manufacturer;
    this.profiles = profiles.stream().sorted().toArray(String[]::new);
    this.keyDigest = keyDigest.clone();
    this.createdAt = createdAt;
  }

  RegistrationAuthority authority() {
    return new RegistrationAuthority(id, name, manufacturer, Set.of(profiles), createdAt);
  }
}

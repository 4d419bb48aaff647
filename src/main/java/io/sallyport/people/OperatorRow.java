package io.sallyport.people;

import io.sallyport.kernel.Digest;
import io.sallyport.people.Operators.Operator;
import io.sallyport.people.Operators.Role;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** A row of {@code operator}. */
@Entity
@Table(name = "operator")
class OperatorRow {
  @Id
  private String name;

  private String roles;

  @Column(name = "token_digest")
  private byte[] tokenDigest;

  @Column(name = "created_at")
  private Instant createdAt;

  @SuppressWarnings("NullAway.Init")
  protected OperatorRow() {}

  OperatorRow(String name, Set<Role> roles, Digest token, Instant createdAt) {
    this.name = name;
    this.roles = words(roles);
    this.tokenDigest = token.octets();
    this.createdAt = createdAt;
  }

  Operator operator() {
    Set<Role> known = Arrays.stream(roles.split(","))
        .map(word -> Role.valueOf(word.toUpperCase(Locale.ROOT)))
        .collect(Collectors.toUnmodifiableSet());
    return new Operator(name, known);
  }

  static String words(Set<Role> roles) {
    return roles.stream()
        .map(role -> role.name().toLowerCase(Locale.ROOT))
        .sorted()
        .collect(Collectors.joining(","));
  }
}

package io.sallyport.people;

import io.sallyport.kernel.Digest;
import io.sallyport.people.Operators.Operator;
import io.sallyport.people.Operators.Registered;
import io.sallyport.people.Operators.Role;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A row of {@code operator}. */
@Entity
@Table(name = "operator")
class OperatorRow {
  @Id
  private String name;

  private String roles;

  private String sites;

  @Column(name = "token_digest")
  private byte[] tokenDigest;

  @Column(name = "created_at")
  private Instant createdAt;

  @SuppressWarnings("NullAway.Init")
  protected OperatorRow() {}

  OperatorRow(String name, Set<Role> roles, Set<String> sites, Digest token, Instant createdAt) {
    this.name = name;
    this.roles = words(roles);
    this.sites = joined(sites);
    this.tokenDigest = token.octets();
    this.createdAt = createdAt;
  }

  void become(Set<Role> newRoles, Set<String> newSites) {
    this.roles = words(newRoles);
    this.sites = joined(newSites);
  }

  void renew(Digest token) {
    this.tokenDigest = token.octets();
  }

  Operator operator() {
    return operator(name, roles, sites);
  }

  Registered registered() {
    return new Registered(operator(), createdAt);
  }

  static Operator operator(String name, String roles, String sites) {
    Set<Role> known = Arrays.stream(roles.split(","))
        .flatMap(word -> Role.of(word).stream())
        .collect(Collectors.toUnmodifiableSet());
    return new Operator(name, known, sites.isEmpty() ? Set.of() : Set.of(sites.split(",")));
  }

  static String words(Set<Role> roles) {
    return roles.stream().map(Role::word).sorted().collect(Collectors.joining(","));
  }

  static String joined(Set<String> sites) {
    return String.join(",", new TreeSet<>(sites));
  }
}

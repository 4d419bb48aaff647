package io.sallyport.enrollment;

import io.sallyport.enrollment.Orders.Authorization;
import io.sallyport.enrollment.Orders.AuthorizationStatus;
import io.sallyport.enrollment.Orders.Fault;
import io.sallyport.enrollment.Orders.Identifier;
import io.sallyport.enrollment.Orders.Kind;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "order_authorization")
class AuthorizationRow {
  @Id
  UUID id;

  @Column(name = "certificate_order")
  UUID orderId;

  UUID account;

  @Enumerated(EnumType.STRING)
  Kind kind;

  String identifier;
  String token;

  @Enumerated(EnumType.STRING)
  AuthorizationStatus status;

  @Column(name = "expires_at")
  Instant expiresAt;

  @Column(name = "attempted_at")
  @Nullable
  Instant attemptedAt;

  @Column(name = "validated_at")
  @Nullable
  Instant validatedAt;

  @Enumerated(EnumType.STRING)
  @Nullable
  EnrollmentProblem problem;

  @Nullable
  String detail;

  @Column(name = "attested_key")
  byte @Nullable [] attestedKey;

  @SuppressWarnings("NullAway.Init")
  protected AuthorizationRow() {}

  AuthorizationRow(UUID id, OrderRow order, Identifier identifier, String token) {
    this.id = id;
    this.orderId = order.id;
    this.account = order.account;
    this.kind = identifier.kind();
    this.identifier = identifier.value();
    this.token = token;
    this.status = AuthorizationStatus.PENDING;
    this.expiresAt = order.expiresAt;
  }

  /** Where it stands at {@code now}: what was not proven in time cannot be any more. */
  AuthorizationStatus statusAt(Instant now) {
    return switch (status) {
      case PENDING, PROCESSING, VALID ->
        now.isBefore(expiresAt) ? status : AuthorizationStatus.EXPIRED;
      case INVALID, DEACTIVATED, EXPIRED -> status;
    };
  }

  Authorization authorization(Instant now) {
    return new Authorization(
        id,
        account,
        new Identifier(kind, identifier),
        statusAt(now),
        expiresAt,
        token,
        validatedAt,
        problem == null ? null : new Fault(problem, String.valueOf(detail)));
  }
}

package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.enrollment.Accounts.Account;
import io.sallyport.enrollment.Orders.Authorization;
import io.sallyport.enrollment.Orders.AuthorizationStatus;
import io.sallyport.enrollment.Orders.CertificateOrder;
import io.sallyport.enrollment.Orders.Fault;
import io.sallyport.enrollment.Orders.Identifier;
import io.sallyport.enrollment.Orders.OrderStatus;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Orders and authorizations in the database: each method one step that commits. */
@ApplicationScoped
class OrderStore {
  private static final int TOKEN_OCTETS = 32;
  private static final int MOST_LISTED = 100;

  /** Longer than any check or signature takes: what is still being worked on then was left by a crash. */
  static final Duration STALE_AFTER = Duration.ofSeconds(30);

  private final EntityManager entities;
  private final AcmeSettings settings;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  OrderStore(EntityManager entities, AcmeSettings settings, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
    this.settings = settings;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * An order with what only this package knows.
   *
   * @param request what it was spent on, or null
   * @param digest of the issuance that it was spent on, or null
   * @param attestedKey digest of the key that was attested, or null when nothing was to be attested
   * @param certificate thumbprint of what was issued, or null
   */
  record Kept(
      CertificateOrder order,
      @Nullable Der request,
      @Nullable String digest,
      @Nullable Instant claimedAt,
      @Nullable Digest attestedKey,
      @Nullable Digest certificate) {}

  @Transactional
  CertificateOrder create(Account account, List<Identifier> identifiers) {
    // Locked, so that many at once are counted as many.
    AccountRow owner =
        entities.find(AccountRow.class, account.id(), LockModeType.PESSIMISTIC_WRITE);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    if (open(owner.id, now) >= settings.openOrders()) {
      throw new Refusal(
          EnrollmentProblem.TOO_MANY_ORDERS,
          "The account has " + settings.openOrders()
              + " open orders; finish them or give up their authorizations first.");
    }
    OrderRow row = new OrderRow(ids.next(), owner.id, now, now.plus(settings.orderLifetime()));
    entities.persist(row);
    List<AuthorizationRow> authorizations = identifiers.stream()
        .map(identifier ->
            new AuthorizationRow(ids.next(), row, identifier, ids.secret(TOKEN_OCTETS)))
        .toList();
    authorizations.forEach(entities::persist);
    audit.record(Fact.of("order.created", account.actor(), "device", account.device())
        .with("order", row.id)
        .with("account", row.account)
        .with(
            "identifiers",
            identifiers.stream()
                .map(identifier -> identifier.kind().word() + ":" + identifier.value())
                .collect(Collectors.joining(" "))));
    return kept(row, authorizations).order();
  }

  private long open(UUID account, Instant now) {
    return entities
        .createQuery(
            "select count(*) from OrderRow o where o.account = :account and o.certificate is null"
                + " and o.expiresAt > :now and not exists (select 1 from AuthorizationRow a where a.orderId = o.id"
                + " and a.status in (:over))",
            Long.class)
        .setParameter("account", account)
        .setParameter("now", now)
        .setParameter("over", List.of(AuthorizationStatus.INVALID, AuthorizationStatus.DEACTIVATED))
        .getSingleResult();
  }

  @Transactional
  Kept get(Account account, UUID id) {
    return kept(own(entities.find(OrderRow.class, id), account), authorizations(List.of(id)));
  }

  @Transactional
  Page<UUID> list(Account account, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, MOST_LISTED);
    List<OrderRow> rows = entities
        .createQuery(
            "from OrderRow where account = :account and id > :after order by id", OrderRow.class)
        .setParameter("account", account.id())
        .setParameter("after", StoredBindings.after(cursor))
        .setMaxResults(most + 1)
        .getResultList();
    Map<UUID, List<AuthorizationRow>> authorizations =
        authorizations(rows.stream().map(row -> row.id).toList()).stream()
            .collect(Collectors.groupingBy(row -> row.orderId));
    Page<CertificateOrder> page = Page.cut(
        rows.stream()
            .map(
                row -> kept(row, authorizations.getOrDefault(row.id, List.of())).order())
            .toList(),
        most,
        order -> order.id().toString());
    return new Page<>(
        page.items().stream()
            .filter(order -> order.status() != OrderStatus.INVALID)
            .map(CertificateOrder::id)
            .toList(),
        page.next());
  }

  @Transactional
  Authorization authorization(Account account, UUID id) {
    return own(account, id, LockModeType.NONE).authorization(clock.instant());
  }

  @Transactional
  Authorization deactivate(Account account, UUID id) {
    AuthorizationRow row = own(account, id, LockModeType.PESSIMISTIC_WRITE);
    switch (row.statusAt(clock.instant())) {
      case PENDING, PROCESSING, VALID -> {
        row.status = AuthorizationStatus.DEACTIVATED;
        audit.record(fact("authorization.deactivated", row, account));
      }
      case INVALID, DEACTIVATED, EXPIRED -> {}
    }
    return row.authorization(clock.instant());
  }

  /** When the check of a proof begins; empty when there is nothing to check, or it is being checked. */
  @Transactional
  Optional<Instant> begin(Account account, UUID id) {
    AuthorizationRow row = own(account, id, LockModeType.PESSIMISTIC_WRITE);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    boolean begins = switch (row.statusAt(now)) {
      case PENDING -> true;
      case PROCESSING ->
        row.attemptedAt == null || row.attemptedAt.plus(STALE_AFTER).isBefore(now);
      case VALID, INVALID, DEACTIVATED, EXPIRED -> false;
    };
    if (!begins) {
      return Optional.empty();
    }
    row.status = AuthorizationStatus.PROCESSING;
    row.attemptedAt = now;
    return Optional.of(now);
  }

  /** Records what came of the check that began at {@code begun}, unless the authorization went another way meanwhile. */
  @Transactional
  Authorization settle(
      Account account,
      UUID id,
      Instant begun,
      @Nullable Fault fault,
      @Nullable Digest attestedKey) {
    AuthorizationRow row = own(account, id, LockModeType.PESSIMISTIC_WRITE);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    if (row.statusAt(now) == AuthorizationStatus.PROCESSING && begun.equals(row.attemptedAt)) {
      if (fault == null) {
        row.status = AuthorizationStatus.VALID;
        row.validatedAt = now;
        row.attestedKey = attestedKey == null ? null : attestedKey.octets();
        audit.record(fact("authorization.valid", row, account));
      } else {
        row.status = AuthorizationStatus.INVALID;
        row.problem = fault.problem();
        row.detail = fault.detail();
        audit.record(fact("authorization.invalid", row, account)
            .with("problem", fault.problem().slug()));
      }
    }
    return row.authorization(now);
  }

  /** In the transaction that records the serial: spends the order on one issuance, which may come again (law 2). */
  @Transactional(Transactional.TxType.MANDATORY)
  void claim(Account account, UUID id, Der request, Digest issuance) {
    OrderRow row = locked(account, id);
    AccountRow owner = entities.find(AccountRow.class, row.account);
    entities.refresh(owner, LockModeType.PESSIMISTIC_READ);
    if (owner.status != Accounts.Status.VALID) {
      throw new Refusal(
          EnrollmentProblem.ACCOUNT_NOT_VALID, "The account may do nothing any more.");
    }
    List<AuthorizationRow> authorizations = authorizations(List.of(id));
    authorizations.forEach(
        authorization -> entities.refresh(authorization, LockModeType.PESSIMISTIC_READ));
    OrderStatus status = kept(row, authorizations).order().status();
    if (status == OrderStatus.READY) {
      row.claim(request, issuance, clock.instant().truncatedTo(ChronoUnit.MICROS));
    } else if (!issuance.hex().equals(row.requestDigest)) {
      throw notReady(status);
    }
  }

  /** Records the certificate that came of the claim. */
  @Transactional
  CertificateOrder issued(
      Account account, UUID id, Der request, Digest issuance, Digest certificate) {
    OrderRow row = locked(account, id);
    if (row.requestDigest == null) {
      // Another order of the account asked for the very same, and issuance ran once for both.
      row.claim(request, issuance, clock.instant().truncatedTo(ChronoUnit.MICROS));
    } else if (!row.requestDigest.equals(issuance.hex())) {
      throw notReady(OrderStatus.PROCESSING);
    }
    if (row.certificate == null) {
      row.certificate = certificate.octets();
    }
    return kept(row, authorizations(List.of(id))).order();
  }

  static Refusal notReady(OrderStatus status) {
    return new Refusal(
        EnrollmentProblem.ORDER_NOT_READY,
        switch (status) {
          case PENDING -> "Answer the challenges of all authorizations first.";
          case READY, PROCESSING, VALID ->
            "The order is spent on another request; make a new order.";
          case INVALID -> "The order has failed or expired; make a new order.";
        });
  }

  private OrderRow locked(Account account, UUID id) {
    OrderRow row = own(entities.find(OrderRow.class, id, LockModeType.PESSIMISTIC_WRITE), account);
    entities.refresh(row);
    return row;
  }

  private static OrderRow own(@Nullable OrderRow row, Account account) {
    if (row == null) {
      throw new Refusal(CommonProblem.NOT_FOUND, "There is no such order.");
    }
    if (!row.account.equals(account.id())) {
      throw new Refusal(
          EnrollmentProblem.NOT_OF_THIS_ACCOUNT, "The order belongs to another account.");
    }
    return row;
  }

  private AuthorizationRow own(Account account, UUID id, LockModeType lock) {
    AuthorizationRow row = entities.find(AuthorizationRow.class, id, lock);
    if (row == null) {
      throw new Refusal(CommonProblem.NOT_FOUND, "There is no such authorization.");
    }
    if (!row.account.equals(account.id())) {
      throw new Refusal(
          EnrollmentProblem.NOT_OF_THIS_ACCOUNT, "The authorization belongs to another account.");
    }
    if (lock != LockModeType.NONE) {
      entities.refresh(row);
    }
    return row;
  }

  private List<AuthorizationRow> authorizations(List<UUID> orders) {
    return orders.isEmpty()
        ? List.of()
        : entities
            .createQuery(
                "from AuthorizationRow where orderId in (:orders) order by orderId, id",
                AuthorizationRow.class)
            .setParameter("orders", orders)
            .getResultList();
  }

  private Kept kept(OrderRow row, List<AuthorizationRow> authorizations) {
    Instant now = clock.instant();
    CertificateOrder order = new CertificateOrder(
        row.id,
        row.account,
        status(row, authorizations, now),
        row.expiresAt,
        authorizations.stream()
            .map(authorization -> new Identifier(authorization.kind, authorization.identifier))
            .toList(),
        authorizations.stream().map(authorization -> authorization.id).toList());
    return new Kept(
        order,
        row.request == null ? null : Der.of(row.request),
        row.requestDigest,
        row.claimedAt,
        authorizations.stream()
            .map(authorization -> authorization.attestedKey)
            .filter(Objects::nonNull)
            .findFirst()
            .map(Digest::ofOctets)
            .orElse(null),
        row.certificate == null ? null : Digest.ofOctets(row.certificate));
  }

  private static OrderStatus status(
      OrderRow row, List<AuthorizationRow> authorizations, Instant now) {
    if (row.certificate != null) {
      return OrderStatus.VALID;
    }
    if (row.requestDigest != null) {
      return OrderStatus.PROCESSING;
    }
    boolean allValid = true;
    for (AuthorizationRow authorization : authorizations) {
      switch (authorization.statusAt(now)) {
        case VALID -> {}
        case PENDING, PROCESSING -> allValid = false;
        case INVALID, DEACTIVATED, EXPIRED -> {
          return OrderStatus.INVALID;
        }
      }
    }
    return allValid ? OrderStatus.READY : OrderStatus.PENDING;
  }

  private static Fact fact(String kind, AuthorizationRow row, Account account) {
    return Fact.of(kind, account.actor(), "device", account.device())
        .with("authorization", row.id)
        .with("order", row.orderId)
        .with("identifier", row.kind.word() + ":" + row.identifier);
  }
}

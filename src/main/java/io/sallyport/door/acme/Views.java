package io.sallyport.door.acme;

import io.sallyport.enrollment.Accounts.Account;
import io.sallyport.enrollment.Orders.Authorization;
import io.sallyport.enrollment.Orders.AuthorizationStatus;
import io.sallyport.enrollment.Orders.CertificateOrder;
import io.sallyport.enrollment.Orders.Identifier;
import io.sallyport.enrollment.Orders.OrderStatus;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/** Accounts, orders, authorizations and challenges as JSON (RFC 8555 §7.1). */
final class Views {
  private Views() {}

  static JsonObject account(Account account, Urls urls) {
    return new JsonObject()
        .put("status", account.status().word())
        .put("contact", new JsonArray(account.contacts()))
        .put("orders", urls.orders(account.id()));
  }

  static JsonObject order(CertificateOrder order, Urls urls) {
    JsonArray identifiers = new JsonArray();
    order.identifiers().forEach(identifier -> identifiers.add(identifier(identifier)));
    JsonArray authorizations = new JsonArray();
    order.authorizations().forEach(id -> authorizations.add(urls.authorization(id)));
    JsonObject body = new JsonObject()
        .put("status", order.status().name().toLowerCase(Locale.ROOT))
        .put("expires", order.expiresAt().truncatedTo(ChronoUnit.SECONDS).toString())
        .put("identifiers", identifiers)
        .put("authorizations", authorizations)
        .put("finalize", urls.order(order.id()) + "/finalize");
    if (order.status() == OrderStatus.VALID) {
      body.put("certificate", urls.certificate(order.id()));
    }
    return body;
  }

  static JsonObject identifier(Identifier identifier) {
    return new JsonObject().put("type", identifier.kind().word()).put("value", identifier.value());
  }

  static JsonObject authorization(Authorization authorization, Urls urls) {
    // An authorization is pending as long as its challenge is being looked at (RFC 8555 §7.1.6).
    AuthorizationStatus shown = authorization.status() == AuthorizationStatus.PROCESSING
        ? AuthorizationStatus.PENDING
        : authorization.status();
    return new JsonObject()
        .put("status", shown.name().toLowerCase(Locale.ROOT))
        .put(
            "expires", authorization.expiresAt().truncatedTo(ChronoUnit.SECONDS).toString())
        .put("identifier", identifier(authorization.identifier()))
        .put("challenges", new JsonArray().add(challenge(authorization, urls)));
  }

  static JsonObject challenge(Authorization authorization, Urls urls) {
    String status = switch (authorization.status()) {
      case PENDING -> "pending";
      case PROCESSING -> "processing";
      case VALID -> "valid";
      case INVALID, DEACTIVATED, EXPIRED -> "invalid";
    };
    JsonObject body = new JsonObject()
        .put("type", authorization.identifier().kind().method().word())
        .put("url", urls.challenge(authorization.id()))
        .put("status", status)
        .put("token", authorization.token());
    if (authorization.validatedAt() != null) {
      body.put(
          "validated",
          authorization.validatedAt().truncatedTo(ChronoUnit.SECONDS).toString());
    }
    if (authorization.fault() != null) {
      body.put("error", AcmeErrors.fault(authorization.fault(), authorization.identifier()));
    }
    return body;
  }
}

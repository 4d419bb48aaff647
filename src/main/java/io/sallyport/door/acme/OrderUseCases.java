package io.sallyport.door.acme;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.enrollment.EnrollmentProblem;
import io.sallyport.enrollment.Orders;
import io.sallyport.enrollment.Orders.Authorization;
import io.sallyport.enrollment.Orders.AuthorizationStatus;
import io.sallyport.enrollment.Orders.CertificateOrder;
import io.sallyport.enrollment.Orders.Identifier;
import io.sallyport.enrollment.Orders.Kind;
import io.sallyport.enrollment.Orders.OrderStatus;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.PkiProblem;
import io.sallyport.pki.RevocationReason;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Orders, authorizations, challenges, certificates (RFC 8555 §7.4 to §7.6). */
@Singleton
final class OrderUseCases {
  /** What an order could say and this server does not do: told, not passed over. */
  private static final List<String> NOT_SUPPORTED =
      List.of("notBefore", "notAfter", "replaces", "profile");

  private static final int MOST_IDENTIFIERS = 100;
  private static final int ORDERS_PER_PAGE = 100;
  private static final String POLL_SECONDS = "1";

  private final Orders orders;

  OrderUseCases(Orders orders) {
    this.orders = orders;
  }

  Reply create(Signed.ByAccount signed) {
    ObjectNode payload = signed.payload();
    for (String name : NOT_SUPPORTED) {
      if (payload.has(name)) {
        throw StrictJson.malformed("\"" + name + "\" is not supported in an order; leave it out.");
      }
    }
    CertificateOrder order = orders.create(signed.account(), identifiers(payload));
    return reply(201, order, signed.urls());
  }

  private static List<Identifier> identifiers(ObjectNode payload) {
    JsonNode found = payload.path("identifiers");
    if (!found.isArray() || found.size() > MOST_IDENTIFIERS) {
      throw StrictJson.malformed("An order has an array of identifiers.");
    }
    List<Identifier> identifiers = new ArrayList<>();
    for (JsonNode each : found) {
      if (!(each instanceof ObjectNode object)) {
        throw StrictJson.malformed("An identifier is an object with type and value.");
      }
      identifiers.add(new Identifier(
          kind(StrictJson.required(object, "type")), StrictJson.required(object, "value")));
    }
    return identifiers;
  }

  private static Kind kind(String type) {
    return Stream.of(Kind.values())
        .filter(kind -> kind.word().equals(type))
        .findFirst()
        .orElseThrow(() -> new Refusal(
            EnrollmentProblem.UNSUPPORTED_IDENTIFIER,
            "Identifiers of these types are supported: "
                + Stream.of(Kind.values()).map(Kind::word).collect(Collectors.joining(", "))
                + "."));
  }

  Reply order(Signed.ByAccount signed, String id) {
    signed.requireAsks();
    return reply(200, orders.get(signed.account(), uuid(id)), signed.urls());
  }

  Reply list(Signed.ByAccount signed, String account, Request request) {
    AccountUseCases.requireOwn(signed, account);
    signed.requireAsks();
    Page<UUID> page = orders.list(signed.account(), request.query().get("cursor"), ORDERS_PER_PAGE);
    JsonArray urls = new JsonArray();
    page.items().forEach(id -> urls.add(signed.urls().order(id)));
    Reply reply = json(200, new JsonObject().put("orders", urls));
    return page.next() == null
        ? reply
        : reply.with(
            "Link",
            link(signed.urls().orders(signed.account().id()) + "?cursor=" + page.next(), "next")
                + ", " + link(signed.urls().of("directory"), "index"));
  }

  Reply complete(Signed.ByAccount signed, String id) {
    byte[] request = StrictJson.decode(StrictJson.required(signed.payload(), "csr"), "csr");
    return reply(200, orders.complete(signed.account(), uuid(id), Der.of(request)), signed.urls());
  }

  Reply authorization(Signed.ByAccount signed, String id) {
    Authorization authorization;
    if (signed.asks()) {
      authorization = orders.authorization(signed.account(), uuid(id));
    } else if (StrictJson.required(signed.payload(), "status").equals("deactivated")) {
      authorization = orders.deactivate(signed.account(), uuid(id));
    } else {
      throw StrictJson.malformed(
          "The only status that an authorization can be given is deactivated.");
    }
    return polled(authorization, json(200, Views.authorization(authorization, signed.urls())));
  }

  Reply challenge(Signed.ByAccount signed, String id) {
    Authorization authorization = signed.asks()
        ? orders.authorization(signed.account(), uuid(id))
        : orders.prove(signed.account(), uuid(id), attestation(signed.payload()));
    Urls urls = signed.urls();
    return polled(
        authorization,
        json(200, Views.challenge(authorization, urls))
            .with(
                "Link",
                link(urls.authorization(authorization.id()), "up") + ", "
                    + link(urls.of("directory"), "index")));
  }

  private static byte @Nullable [] attestation(ObjectNode payload) {
    return StrictJson.text(payload, "attObj")
        .map(text -> StrictJson.decode(text, "attObj"))
        .orElse(null);
  }

  private static Reply polled(Authorization authorization, Reply reply) {
    return authorization.status() == AuthorizationStatus.PROCESSING
        ? reply.with("Retry-After", POLL_SECONDS)
        : reply;
  }

  Reply certificate(Signed.ByAccount signed, String id) {
    signed.requireAsks();
    String pem = orders.chain(signed.account(), uuid(id)).stream()
        .map(certificate -> certificate.pem("CERTIFICATE"))
        .collect(Collectors.joining());
    return Reply.of(
        200, "application/pem-certificate-chain", pem.getBytes(StandardCharsets.US_ASCII));
  }

  Reply revoke(Signed.ByAccount signed) {
    ObjectNode payload = signed.payload();
    orders.revoke(signed.account(), certificate(payload), reason(payload));
    return done();
  }

  Reply revokeByItsKey(Signed.ByKey signed) {
    ObjectNode payload = signed.payload();
    Digest key = signed.key().subjectPublicKeyInfo().digest();
    orders.revoke(key, signed.urls().profile(), certificate(payload), reason(payload));
    return done();
  }

  private static Der certificate(ObjectNode payload) {
    return Der.of(StrictJson.decode(StrictJson.required(payload, "certificate"), "certificate"));
  }

  private static RevocationReason reason(ObjectNode payload) {
    JsonNode reason = payload.path("reason");
    if (reason.isMissingNode()) {
      return RevocationReason.UNSPECIFIED;
    }
    return Stream.of(RevocationReason.values())
        .filter(known -> reason.isInt() && reason.intValue() == known.code())
        .findFirst()
        .orElseThrow(() -> new Refusal(
            PkiProblem.INVALID_REASON, "The reason is not one of RFC 5280, section 5.3.1."));
  }

  private static Reply done() {
    return new Reply(200, Map.of(), new byte[0]);
  }

  private static UUID uuid(String id) {
    return Urls.uuid(id)
        .orElseThrow(
            () -> new Refusal(CommonProblem.NOT_FOUND, "There is nothing under this URL."));
  }

  private static Reply reply(int status, CertificateOrder order, Urls urls) {
    Reply reply = json(status, Views.order(order, urls)).with("Location", urls.order(order.id()));
    return order.status() == OrderStatus.PROCESSING
        ? reply.with("Retry-After", POLL_SECONDS)
        : reply;
  }

  private static Reply json(int status, JsonObject body) {
    return Reply.of(status, "application/json", body.toBuffer().getBytes());
  }

  private static String link(String url, String relation) {
    return "<" + url + ">;rel=\"" + relation + "\"";
  }
}

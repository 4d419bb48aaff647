package io.sallyport.door.acme;

import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.door.UseCase;
import io.sallyport.enrollment.ReplayNonces;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfiles;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;

/** ACME (RFC 8555), one directory for each certificate profile. */
@ApplicationScoped
class AcmeDoor implements Door {
  /** A CSR with an RSA-8192 key, or an attestation with its chain, in base64 twice, stays far below this. */
  private static final int MOST_BYTES = 64 * 1024;

  private static final String BASE = "/acme/:profile/";

  private final Exchanges exchanges;
  private final SignedRequests requests;
  private final AccountUseCases accounts;
  private final OrderUseCases orders;
  private final ReplayNonces nonces;
  private final CertificateProfiles profiles;

  AcmeDoor(
      Exchanges exchanges,
      SignedRequests requests,
      AccountUseCases accounts,
      OrderUseCases orders,
      ReplayNonces nonces,
      CertificateProfiles profiles) {
    this.exchanges = exchanges;
    this.requests = requests;
    this.accounts = accounts;
    this.orders = orders;
    this.nonces = nonces;
    this.profiles = profiles;
  }

  @Override
  public void mount(Router router) {
    router.route(BASE + "*").handler(this::prepare);
    open(router, "directory", this::directory);
    open(router, "new-nonce", this::nonce);
    post(router, "new-account", requests.byKey(accounts::create));
    post(router, "new-order", requests.byAccount(orders::create));
    post(router, "key-change", requests.byAccount(accounts::changeKey));
    post(router, "revoke-cert", requests.byEither(orders::revoke, orders::revokeByItsKey));
    post(router, "account/:id", one(accounts::account));
    post(
        router,
        "account/:id/orders",
        request -> requests
            .byAccount(signed -> orders.list(signed, id(request), request))
            .answer(request));
    post(router, "order/:id", one(orders::order));
    post(router, "order/:id/finalize", one(orders::complete));
    post(router, "authorization/:id", one(orders::authorization));
    post(router, "challenge/:id", one(orders::challenge));
    post(router, "certificate/:id", one(orders::certificate));
    router
        .route("/acme/*")
        .handler(exchanges.direct(MOST_BYTES, AcmeDoor::nothing, AcmeErrors::refusal));
  }

  /** On every answer, errors too (RFC 8555 §6.5, §7.1). From memory. */
  private void prepare(RoutingContext context) {
    context.response().putHeader("Replay-Nonce", nonces.next());
    context.response().putHeader("Cache-Control", "no-store");
    Urls.read(String.valueOf(context.request().absoluteURI()))
        .ifPresent(urls ->
            context.response().putHeader("Link", "<" + urls.of("directory") + ">;rel=\"index\""));
    context.next();
  }

  private void open(Router router, String path, UseCase use) {
    router
        .route(BASE + path)
        .method(HttpMethod.GET)
        .method(HttpMethod.HEAD)
        .handler(exchanges.direct(MOST_BYTES, use, AcmeErrors::refusal));
    router.route(BASE + path).handler(exchanges.methodNotAllowed("GET, HEAD", AcmeErrors::refusal));
  }

  private void post(Router router, String path, UseCase use) {
    router
        .route(HttpMethod.POST, BASE + path)
        .handler(exchanges.handler(MOST_BYTES, use, AcmeErrors::refusal));
    router.route(BASE + path).handler(exchanges.methodNotAllowed("POST", AcmeErrors::refusal));
  }

  /** What an account does with one thing. */
  @FunctionalInterface
  private interface OfOne {
    Reply answer(Signed.ByAccount signed, String id);
  }

  private UseCase one(OfOne use) {
    return request ->
        requests.byAccount(signed -> use.answer(signed, id(request))).answer(request);
  }

  private static String id(Request request) {
    return String.valueOf(request.path().get("id"));
  }

  private Reply directory(Request request) {
    Urls urls = Urls.of(request, profiles);
    return Reply.of(
        200,
        "application/json",
        new JsonObject()
            .put("newNonce", urls.of("new-nonce"))
            .put("newAccount", urls.of("new-account"))
            .put("newOrder", urls.of("new-order"))
            .put("revokeCert", urls.of("revoke-cert"))
            .put("keyChange", urls.of("key-change"))
            .put("meta", new JsonObject().put("externalAccountRequired", true))
            .toBuffer()
            .getBytes());
  }

  private Reply nonce(Request request) {
    Urls.of(request, profiles);
    int status = request.method().equals("HEAD") ? 200 : 204;
    return new Reply(status, Map.of(), new byte[0]);
  }

  private static Reply nothing(Request request) {
    throw new Refusal(CommonProblem.NOT_FOUND, "There is nothing under this URL.");
  }
}

package io.sallyport.door.oauth;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.door.Callers;
import io.sallyport.door.DeviceCaller;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.grants.GrantAnswer;
import io.sallyport.grants.Grants;
import io.sallyport.grants.Grants.Holder;
import io.sallyport.grants.Grants.LiveGrant;
import io.sallyport.grants.StatusLists;
import io.sallyport.grants.StatusLists.Published;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.vertx.core.Handler;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * {@code /oauth2/token}, {@code /oauth2/introspect}, {@code /oauth2/revoke}, {@code /oauth2/jwks} and the metadata of RFC
 * 8414; {@code /oauth2/status}: status lists, for who checks tokens offline and needs it faster than their {@code exp}.
 */
@Singleton
final class OAuthDoor implements Door {
  private static final String TOKEN = "/oauth2/token";
  private static final String INTROSPECT = "/oauth2/introspect";
  private static final String REVOKE = "/oauth2/revoke";
  private static final String JWKS = "/oauth2/jwks";
  private static final String STATUS = "/oauth2/status";
  private static final String STATUS_LIST = StatusLists.PATH + ":list";
  private static final String METADATA = "/.well-known/oauth-authorization-server";
  /** As tokens write it. */
  private static final Pattern LIST = Pattern.compile("0|[1-9][0-9]{0,8}");

  /** Room for 64 flows with names of usual length. */
  private static final int MOST_BYTES = 16 * 1024;

  private final Grants grants;
  private final StatusLists statusLists;
  private final Introspection introspection;
  private final Callers callers;
  private final Holders holders;
  private final Audit audit;
  private final Exchanges exchanges;

  OAuthDoor(
      Grants grants,
      StatusLists statusLists,
      DecisionPoint decisions,
      Callers callers,
      Audit audit,
      Exchanges exchanges,
      Clock clock) {
    this.grants = grants;
    this.statusLists = statusLists;
    this.introspection = new Introspection(grants, decisions);
    this.callers = callers;
    this.holders = new Holders(callers, decisions, clock);
    this.audit = audit;
    this.exchanges = exchanges;
  }

  @Override
  public void mount(Router router) {
    router.post(TOKEN).handler(exchanges.granting(MOST_BYTES, this::token, OAuthErrors::write));
    router
        .post(INTROSPECT)
        .handler(exchanges.handler(MOST_BYTES, this::introspect, OAuthErrors::write));
    router.post(REVOKE).handler(exchanges.handler(MOST_BYTES, this::revoke, OAuthErrors::write));
    router.get(JWKS).handler(exchanges.handler(MOST_BYTES, this::keySet, OAuthErrors::write));
    router
        .get(STATUS)
        .handler(exchanges.reading(MOST_BYTES, this::statusLists, OAuthErrors::write));
    router
        .get(STATUS_LIST)
        .handler(exchanges.reading(MOST_BYTES, this::statusList, OAuthErrors::write));
    router.get(METADATA).handler(exchanges.direct(MOST_BYTES, this::metadata, OAuthErrors::write));
    router.route(TOKEN).handler(notAllowed("POST"));
    router.route(INTROSPECT).handler(notAllowed("POST"));
    router.route(REVOKE).handler(notAllowed("POST"));
    router.route(JWKS).handler(notAllowed("GET"));
    router.route(STATUS).handler(notAllowed("GET"));
    router.route(STATUS_LIST).handler(notAllowed("GET"));
    router.route(METADATA).handler(notAllowed("GET"));
  }

  private Reply token(Request request) {
    Holder holder = holders.of(request);
    TokenRequest asked = parse(request, holder.device());
    GrantAnswer answer = grants.grant(holder, asked.flows(), Actor.device(holder.device()));
    return TokenAnswer.of(answer);
  }

  /** Law 8: the device proved who it is, so what is refused to it is a fact. */
  private TokenRequest parse(Request request, UUID device) {
    try {
      return TokenRequest.parse(request, device);
    } catch (Refusal refusal) {
      audit.recordRefusal(Fact.of("grant.refused", Actor.device(device), "device", device)
          .with("problem", refusal.problem().slug()));
      throw refusal;
    }
  }

  private Reply introspect(Request request) {
    EnforcementPoint point = callers.enforcementPoint(request);
    try {
      return Reply.json(200, introspection.answer(token(Form.of(request)), point))
          .with("Cache-Control", "no-store");
    } catch (Refusal refusal) {
      callers.recordRefusedPoint(request, refusal);
      throw refusal;
    }
  }

  /** RFC 7009: by the device that the grant was handed out to. A token that is none, or is over, is no error (§2.2). */
  private Reply revoke(Request request) {
    DeviceCaller caller = callers.device(request, Operation.GRANT);
    UUID device = caller.device().id();
    try {
      Optional<LiveGrant> grant = grants.live(token(Form.of(request)));
      if (grant.isPresent() && !grant.get().device().equals(device)) {
        throw new Refusal(
            CommonProblem.FORBIDDEN, "This token was not handed out to the device that asks.");
      }
      grant.ifPresent(
          own -> grants.withdraw(own.id(), "the device gave it up", Actor.device(device)));
    } catch (Refusal refusal) {
      audit.recordRefusal(
          Fact.of("grant.revocation-refused", Actor.device(device), "device", device)
              .with("problem", refusal.problem().slug()));
      throw refusal;
    }
    return new Reply(200, Map.of("Cache-Control", "no-store"), new byte[0]);
  }

  private static String token(Form form) {
    return form.get("token")
        .orElseThrow(() -> new Refusal(OAuthProblem.INVALID_REQUEST, "token is missing."));
  }

  private Reply keySet(Request request) {
    return Reply.of(
            200, "application/jwk-set+json", grants.keySet().getBytes(StandardCharsets.UTF_8))
        .with("Cache-Control", "max-age=300");
  }

  /** Where all lists are (draft-ietf-oauth-status-list §9.3). */
  private Reply statusLists(Request request) {
    return Reply.json(200, Map.of("status_lists", statusLists.addresses()))
        .with("Cache-Control", "max-age=60");
  }

  private Reply statusList(Request request) {
    if (request.query().contains("time")) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED, "Lists of the past are not kept; ask without time.");
    }
    String number = request.path().getOrDefault("list", "");
    Published list = (LIST.matcher(number).matches()
            ? statusLists.published(Integer.parseInt(number))
            : Optional.<Published>empty())
        .orElseThrow(
            () -> new Refusal(CommonProblem.NOT_FOUND, "There is no status list of this number."));
    return Reply.of(200, StatusLists.MEDIA_TYPE, list.token().getBytes(StandardCharsets.US_ASCII))
        .with("Cache-Control", "max-age=" + list.reuse().toSeconds());
  }

  private Reply metadata(Request request) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("issuer", grants.issuer());
    body.put("token_endpoint", grants.issuer() + TOKEN);
    body.put("introspection_endpoint", grants.issuer() + INTROSPECT);
    body.put("introspection_endpoint_auth_methods_supported", List.of("tls_client_auth"));
    body.put("revocation_endpoint", grants.issuer() + REVOKE);
    body.put("revocation_endpoint_auth_methods_supported", List.of("tls_client_auth"));
    body.put("jwks_uri", grants.issuer() + JWKS);
    body.put("status_list_aggregation_endpoint", grants.issuer() + STATUS);
    body.put("response_types_supported", List.of());
    body.put("grant_types_supported", List.of("client_credentials"));
    body.put("token_endpoint_auth_methods_supported", List.of("tls_client_auth"));
    body.put("tls_client_certificate_bound_access_tokens", true);
    body.put("authorization_details_types_supported", List.of(Grants.NETWORK_FLOW));
    return Reply.json(200, body);
  }

  private Handler<RoutingContext> notAllowed(String allow) {
    return exchanges.methodNotAllowed(allow, OAuthErrors::write);
  }
}

package io.sallyport.door.oauth;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.door.Callers;
import io.sallyport.door.DeviceCaller;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.grants.Grants;
import io.sallyport.grants.Grants.Grant;
import io.sallyport.grants.NetworkFlows;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Refusal;
import io.vertx.core.Handler;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** {@code /oauth2/token}, {@code /oauth2/jwks} and the metadata of RFC 8414. */
@Singleton
final class OAuthDoor implements Door {
  private static final String TOKEN = "/oauth2/token";
  private static final String JWKS = "/oauth2/jwks";
  private static final String METADATA = "/.well-known/oauth-authorization-server";
  /** Room for 64 flows with names of usual length. */
  private static final int MOST_BYTES = 16 * 1024;

  private final Grants grants;
  private final Callers callers;
  private final Audit audit;
  private final Exchanges exchanges;

  OAuthDoor(Grants grants, Callers callers, Audit audit, Exchanges exchanges) {
    this.grants = grants;
    this.callers = callers;
    this.audit = audit;
    this.exchanges = exchanges;
  }

  @Override
  public void mount(Router router) {
    router.post(TOKEN).handler(exchanges.handler(MOST_BYTES, this::token, OAuthErrors::write));
    router.get(JWKS).handler(exchanges.handler(MOST_BYTES, this::keySet, OAuthErrors::write));
    router.get(METADATA).handler(exchanges.direct(MOST_BYTES, this::metadata, OAuthErrors::write));
    router.route(TOKEN).handler(notAllowed("POST"));
    router.route(JWKS).handler(notAllowed("GET"));
    router.route(METADATA).handler(notAllowed("GET"));
  }

  private Reply token(Request request) {
    DeviceCaller caller = callers.device(request, Operation.GRANT);
    TokenRequest asked = parse(request, caller);
    Grant grant = grants.grant(
        caller.device(),
        caller.credential(),
        asked.flows(),
        Actor.device(caller.device().id()));
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("access_token", grant.token());
    body.put("token_type", "Bearer");
    body.put("expires_in", grant.lifetime().toSeconds());
    body.put("authorization_details", NetworkFlows.details(grant.flows()));
    return Reply.json(200, body).with("Cache-Control", "no-store");
  }

  /** Law 8: the device proved who it is, so what is refused to it is a fact. */
  private TokenRequest parse(Request request, DeviceCaller caller) {
    UUID device = caller.device().id();
    try {
      return TokenRequest.parse(request, device);
    } catch (Refusal refusal) {
      audit.recordRefusal(Fact.of("grant.refused", Actor.device(device), "device", device)
          .with("problem", refusal.problem().slug()));
      throw refusal;
    }
  }

  private Reply keySet(Request request) {
    return Reply.of(
            200, "application/jwk-set+json", grants.keySet().getBytes(StandardCharsets.UTF_8))
        .with("Cache-Control", "max-age=300");
  }

  private Reply metadata(Request request) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("issuer", grants.issuer());
    body.put("token_endpoint", grants.issuer() + TOKEN);
    body.put("jwks_uri", grants.issuer() + JWKS);
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

package io.sallyport.door.oauth;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.grants.Grants;
import io.sallyport.grants.Grants.GrantedFlow;
import io.sallyport.grants.Grants.LiveGrant;
import io.sallyport.grants.NetworkFlows;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a registered enforcement point is told about a token (RFC 7662): of a live grant the flows that it guards, of
 * anything else that it is not active and nothing more (§2.2).
 */
final class Introspection {
  private static final Map<String, Object> INACTIVE = Map.of("active", false);

  private final Grants grants;
  private final DecisionPoint decisions;

  Introspection(Grants grants, DecisionPoint decisions) {
    this.grants = grants;
    this.decisions = decisions;
  }

  Map<String, Object> answer(String token, EnforcementPoint asker) {
    Optional<LiveGrant> live = grants.live(token);
    if (live.isEmpty()
        || !asker.settings().guardsSite(decisions.site(live.get().device()).orElse(null))) {
      return INACTIVE;
    }
    List<GrantedFlow> guarded = live.get().flows().stream()
        .filter(flow -> !asker.settings().guarded(flow.peer()).isEmpty())
        .toList();
    return guarded.isEmpty() ? INACTIVE : active(live.get(), guarded);
  }

  private Map<String, Object> active(LiveGrant grant, List<GrantedFlow> flows) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("active", true);
    body.put("iss", grants.issuer());
    body.put("sub", grant.device().toString());
    body.put("client_id", grant.device().toString());
    body.put("token_type", "Bearer");
    body.put("iat", grant.issuedAt().getEpochSecond());
    body.put("exp", grant.expiresAt().getEpochSecond());
    body.put("jti", grant.id().toString());
    body.put("cnf", Map.of("x5t#S256", grant.thumbprint().base64Url()));
    body.put("authorization_details", NetworkFlows.details(flows));
    return body;
  }
}

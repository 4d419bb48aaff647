package io.sallyport.door.oauth;

import io.sallyport.door.Reply;
import io.sallyport.grants.GrantAnswer;
import io.sallyport.grants.Grants.Grant;
import io.sallyport.grants.Grants.GrantedFlow;
import io.sallyport.grants.NetworkFlows;
import io.sallyport.grants.RefusalReason;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Answers of the token endpoint (RFC 6749 §5.1, RFC 9396 §7), with {@code renew_after} and {@code reasons} beside. */
final class TokenAnswer {
  private TokenAnswer() {}

  static Reply of(GrantAnswer answer) {
    Reply reply = switch (answer) {
      case GrantAnswer.Granted granted -> Reply.json(200, granted(granted.grant()));
      case GrantAnswer.Denied denied -> Reply.json(403, denied(denied.reasons()));
    };
    return reply.with("Cache-Control", "no-store");
  }

  private static Map<String, Object> granted(Grant grant) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("access_token", grant.token());
    body.put("token_type", "Bearer");
    body.put("expires_in", grant.lifetime().toSeconds());
    body.put("renew_after", grant.renewAfter().toSeconds());
    body.put("authorization_details", NetworkFlows.details(grant.flows()));
    return body;
  }

  private static Map<String, Object> denied(List<RefusalReason> reasons) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("error", "access_denied");
    body.put(
        "error_description",
        OAuthErrors.description(reasons.stream()
            .map(RefusalReason::detail)
            .distinct()
            .collect(Collectors.joining("; "))));
    body.put("reasons", reasons.stream().map(TokenAnswer::reason).toList());
    return body;
  }

  private static Map<String, Object> reason(RefusalReason reason) {
    Map<String, Object> said = new LinkedHashMap<>();
    said.put("code", reason.code());
    said.put("remedy", reason.remedy().word());
    said.put("detail", reason.detail());
    put(said, "policy", reason.policy());
    put(said, "rule", reason.rule());
    put(said, "what", reason.what());
    put(said, "has", reason.has());
    put(said, "wants", reason.wants());
    if (reason.flow() != null) {
      GrantedFlow flow = NetworkFlows.granted(reason.flow());
      said.put("authorization_detail", NetworkFlows.details(List.of(flow)).getFirst());
    }
    return said;
  }

  private static void put(Map<String, Object> said, String name, @Nullable String value) {
    if (value != null) {
      said.put(name, value);
    }
  }
}

package io.sallyport.door.authzen;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.door.authzen.Evaluation.Entity;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Turns AuthZEN questions into decisions. What AuthZEN has no shape for is 400; what is well shaped and means nothing
 * here is a deny with a reason. Pure but for the decision point.
 */
final class Evaluator {
  /** Questions in one batch: they are answered on the event loop, in one go. */
  static final int MOST_EVALUATIONS = 100;

  private static final Pattern HEX_THUMBPRINT = Pattern.compile("[0-9a-fA-F]{64}");
  private static final Pattern BASE64URL_THUMBPRINT = Pattern.compile("[A-Za-z0-9_-]{43}");
  private static final Pattern CANONICAL_UUID =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  private static final String NOT_GUARDED =
      "not guarded: this enforcement point does not guard that device and peer";

  /** When a batch stops (AuthZEN 1.0 §7.1.2.1). */
  private enum Semantic {
    EXECUTE_ALL,
    DENY_ON_FIRST_DENY,
    PERMIT_ON_FIRST_PERMIT;

    boolean stopsAfter(boolean decision) {
      return switch (this) {
        case EXECUTE_ALL -> false;
        case DENY_ON_FIRST_DENY -> !decision;
        case PERMIT_ON_FIRST_PERMIT -> decision;
      };
    }
  }

  private final DecisionPoint decisions;

  Evaluator(DecisionPoint decisions) {
    this.decisions = decisions;
  }

  /** Answers {@code POST /access/v1/evaluation}. */
  Map<String, Object> evaluation(JsonNode body, EnforcementPoint asker) {
    return answer(Evaluation.of(body, body), asker);
  }

  /** Answers {@code POST /access/v1/evaluations}; without items it is a single evaluation. */
  Map<String, Object> evaluations(JsonNode body, EnforcementPoint asker) {
    JsonNode items = body.path("evaluations");
    if (!items.isMissingNode() && !items.isArray()) {
      throw Evaluation.malformed("evaluations must be an array");
    }
    if (items.isEmpty()) {
      return evaluation(body, asker);
    }
    if (items.size() > MOST_EVALUATIONS) {
      throw Evaluation.malformed("evaluations may have " + MOST_EVALUATIONS + " items at most");
    }
    Semantic semantic = semantic(body);
    List<Map<String, Object>> answers = new ArrayList<>();
    for (JsonNode item : items) {
      Map<String, Object> answer = item(item, body, asker);
      answers.add(answer);
      if (semantic.stopsAfter(Boolean.TRUE.equals(answer.get("decision")))) {
        break;
      }
    }
    return Map.of("evaluations", answers);
  }

  private static Semantic semantic(JsonNode body) {
    JsonNode options = body.path("options");
    if (!options.isMissingNode() && !options.isObject()) {
      throw Evaluation.malformed("options must be an object");
    }
    JsonNode name = options.path("evaluations_semantic");
    if (name.isMissingNode()) {
      return Semantic.EXECUTE_ALL;
    }
    return switch (name.isTextual() ? name.textValue() : "") {
      case "execute_all" -> Semantic.EXECUTE_ALL;
      case "deny_on_first_deny" -> Semantic.DENY_ON_FIRST_DENY;
      case "permit_on_first_permit" -> Semantic.PERMIT_ON_FIRST_PERMIT;
      default ->
        throw Evaluation.malformed(
            "options.evaluations_semantic must be execute_all, deny_on_first_deny or permit_on_first_permit");
    };
  }

  /** A bad item is false for that item alone. */
  private Map<String, Object> item(JsonNode item, JsonNode defaults, EnforcementPoint asker) {
    try {
      if (!item.isObject()) {
        throw Evaluation.malformed("an evaluation must be an object");
      }
      return answer(Evaluation.of(item, defaults), asker);
    } catch (Refusal refusal) {
      Map<String, Object> error = new LinkedHashMap<>();
      error.put("status", CommonProblem.MALFORMED.status());
      error.put("message", refusal.detail());
      return response(false, Map.of("error", error));
    }
  }

  private Map<String, Object> answer(Evaluation evaluation, EnforcementPoint asker) {
    if (!evaluation.action().equals("connect")) {
      return meaningless("action.name: only connect is known");
    }
    if (!evaluation.resource().type().equals("service")) {
      return meaningless("resource.type: only service is known");
    }
    RequestedFlow flow = flow(evaluation.resource());
    if (flow == null) {
      return meaningless(
          "resource.properties: protocol must be tcp, udp or icmp, and port an integer from 0 to 65535");
    }
    Entity subject = evaluation.subject();
    return switch (subject.type()) {
      case "device" -> {
        UUID device = device(subject.id());
        yield device == null
            ? meaningless("unknown device: subject.id is not a device id")
            : guards(asker, Optional.of(device), flow)
                ? answer(decisions.decide(device, flow, actor(asker)))
                : meaningless(NOT_GUARDED);
      }
      case "certificate" -> {
        Digest thumbprint = thumbprint(subject.id());
        yield thumbprint == null
            ? meaningless(
                "unknown certificate: subject.id is not a SHA-256 thumbprint in hex or base64url")
            : guards(asker, decisions.holder(thumbprint), flow)
                ? answer(decisions.decide(thumbprint, flow, actor(asker)))
                : meaningless(NOT_GUARDED);
      }
      default -> meaningless("subject.type: only device and certificate are known");
    };
  }

  /** A point sees only what it guards. An unknown device is for the decision to name. */
  private boolean guards(EnforcementPoint asker, Optional<UUID> device, RequestedFlow flow) {
    return asker.settings().guardsPeer(flow.peer())
        && asker.settings().guardsSite(device.flatMap(decisions::site).orElse(null));
  }

  private static Actor actor(EnforcementPoint asker) {
    return Actor.enforcementPoint(asker.name());
  }

  private static @Nullable RequestedFlow flow(Entity resource) {
    JsonNode properties = resource.properties();
    if (properties == null) {
      return null;
    }
    String protocol = properties.path("protocol").asText("");
    JsonNode port = properties.path("port");
    return switch (protocol) {
      case "icmp" ->
        port.isMissingNode() || port.isInt() && port.intValue() == 0
            ? new RequestedFlow(resource.id(), protocol, 0)
            : null;
      case "tcp", "udp" ->
        port.isInt() && port.intValue() >= 0 && port.intValue() <= 65_535
            ? new RequestedFlow(resource.id(), protocol, port.intValue())
            : null;
      default -> null;
    };
  }

  private static @Nullable UUID device(String id) {
    return CANONICAL_UUID.matcher(id).matches() ? UUID.fromString(id) : null;
  }

  private static @Nullable Digest thumbprint(String id) {
    if (HEX_THUMBPRINT.matcher(id).matches()) {
      return Digest.ofHex(id);
    }
    if (!BASE64URL_THUMBPRINT.matcher(id).matches()) {
      return null;
    }
    try {
      return Digest.ofOctets(Base64.getUrlDecoder().decode(id));
    } catch (IllegalArgumentException bitsLeftOver) {
      return null;
    }
  }

  private static Map<String, Object> answer(Decision decision) {
    Map<String, Object> context = new LinkedHashMap<>();
    context.put("id", decision.id().toString());
    context.put("reasons", decision.reasons());
    if (decision.verdict().policy() != null) {
      context.put("policy", decision.verdict().policy());
    }
    Integer vlan = decision.verdict().quarantineVlan();
    if (!decision.permit() && vlan != null) {
      context.put(
          "obligations",
          List.of(Map.of("id", "quarantine", "type", "vlan", "properties", Map.of("vlan", vlan))));
    }
    return response(decision.permit(), context);
  }

  private static Map<String, Object> meaningless(String reason) {
    return response(false, Map.of("reasons", List.of(reason)));
  }

  private static Map<String, Object> response(boolean decision, Map<String, Object> context) {
    Map<String, Object> response = new LinkedHashMap<>();
    response.put("decision", decision);
    response.put("context", context);
    return response;
  }
}

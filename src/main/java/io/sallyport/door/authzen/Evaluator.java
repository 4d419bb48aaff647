package io.sallyport.door.authzen;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.door.authzen.Evaluation.Entity;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.Verdict.Effect;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Turns AuthZEN questions into decisions. What AuthZEN has no shape for is 400; what is well shaped and means nothing
 * here is a deny with a reason. Pure but for the decision point.
 */
final class Evaluator {
  /** Questions in one batch: they are answered on the event loop, in one go. */
  static final int MOST_EVALUATIONS = 100;

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
  private final Clock clock;

  Evaluator(DecisionPoint decisions, Clock clock) {
    this.decisions = decisions;
    this.clock = clock;
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
    RequestedFlow flow = Meanings.flow(evaluation.resource());
    if (flow == null) {
      return meaningless(Meanings.FLOW);
    }
    Entity subject = evaluation.subject();
    return switch (subject.type()) {
      case "device" -> {
        UUID device = Meanings.device(subject.id());
        yield device == null
            ? meaningless("unknown device: subject.id is not a device id")
            : guards(asker, Optional.of(device), flow)
                ? answer(decisions.decide(device, flow, Meanings.actor(asker)))
                : meaningless(NOT_GUARDED);
      }
      case "certificate" -> {
        Digest thumbprint = Meanings.thumbprint(subject.id());
        yield thumbprint == null
            ? meaningless(
                "unknown certificate: subject.id is not a SHA-256 thumbprint in hex or base64url")
            : guards(asker, decisions.holder(thumbprint), flow)
                ? answer(decisions.decide(thumbprint, flow, Meanings.actor(asker)))
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

  private Map<String, Object> answer(Decision decision) {
    Verdict verdict = decision.verdict();
    Map<String, Object> context = new LinkedHashMap<>();
    context.put("id", decision.id().toString());
    context.put("effect", word(verdict.effect()));
    context.put("reasons", decision.reasons());
    if (verdict.policy() != null) {
      context.put("policy", verdict.policy());
    }
    if (verdict.rule() != null) {
      context.put("rule", verdict.rule());
    }
    if (!verdict.observed().isEmpty()) {
      context.put("observed", verdict.observed());
    }
    List<Map<String, Object>> obligations = Obligations.of(decision, clock.instant());
    if (!obligations.isEmpty()) {
      context.put("obligations", obligations);
    }
    return response(decision.permit(), context);
  }

  private static Map<String, Object> meaningless(String reason) {
    Map<String, Object> context = new LinkedHashMap<>();
    context.put("effect", word(Effect.NOT_EVALUATED));
    context.put("reasons", List.of(reason));
    return response(false, context);
  }

  /** The inner values, closed on the wire: whatever is no permit is {@code false} beside it. */
  private static String word(Effect effect) {
    return switch (effect) {
      case PERMIT -> "permit";
      case DENY -> "deny";
      case INDETERMINATE -> "indeterminate";
      case NOT_EVALUATED -> "not-evaluated";
    };
  }

  private static Map<String, Object> response(boolean decision, Map<String, Object> context) {
    Map<String, Object> response = new LinkedHashMap<>();
    response.put("decision", decision);
    response.put("context", context);
    return response;
  }
}

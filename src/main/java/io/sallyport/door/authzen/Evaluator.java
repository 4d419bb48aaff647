package io.sallyport.door.authzen;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.door.authzen.EvaluationReader.Body;
import io.sallyport.door.authzen.EvaluationReader.Item;
import io.sallyport.door.authzen.EvaluationReader.Shape;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.Verdict.Effect;
import io.sallyport.policy.Verdict.Observed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Turns AuthZEN questions into decisions. What AuthZEN has no shape for is 400; what is well shaped and means nothing
 * here is a deny with a reason. Pure but for the decision point.
 */
final class Evaluator {
  /** Questions in one batch: they are answered on the event loop, in one go. */
  static final int MOST_EVALUATIONS = 100;

  private static final JsonFactory JSON = new JsonFactory();
  /** Octets of a usual answer. */
  private static final int USUAL = 512;

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

  /** Answers {@code POST /access/v1/evaluation}, JSON for JSON. */
  byte[] evaluation(byte[] octets, EnforcementPoint asker) {
    Body body = EvaluationReader.read(octets, 0);
    return written(1, json -> answer(body.own, body.own, asker, clock.instant(), json));
  }

  /** Answers {@code POST /access/v1/evaluations}; without items it is a single evaluation. */
  byte[] evaluations(byte[] octets, EnforcementPoint asker) {
    Body body = EvaluationReader.read(octets, MOST_EVALUATIONS);
    if (body.items == Shape.MISTYPED) {
      throw Evaluation.malformed("evaluations must be an array");
    }
    if (body.count == 0) {
      return written(1, json -> answer(body.own, body.own, asker, clock.instant(), json));
    }
    if (body.count > MOST_EVALUATIONS) {
      throw Evaluation.malformed("evaluations may have " + MOST_EVALUATIONS + " items at most");
    }
    Semantic semantic = semantic(body);
    return written(body.count, json -> {
      Instant now = clock.instant();
      json.writeStartObject();
      json.writeArrayFieldStart("evaluations");
      for (Item item : body.evaluations) {
        if (semantic.stopsAfter(item(item, body.own, asker, now, json))) {
          break;
        }
      }
      json.writeEndArray();
      json.writeEndObject();
    });
  }

  private static Semantic semantic(Body body) {
    if (body.options == Shape.MISTYPED) {
      throw Evaluation.malformed("options must be an object");
    }
    if (body.semantic == Shape.MISSING) {
      return Semantic.EXECUTE_ALL;
    }
    return switch (body.semanticName) {
      case "execute_all" -> Semantic.EXECUTE_ALL;
      case "deny_on_first_deny" -> Semantic.DENY_ON_FIRST_DENY;
      case "permit_on_first_permit" -> Semantic.PERMIT_ON_FIRST_PERMIT;
      default ->
        throw Evaluation.malformed(
            "options.evaluations_semantic must be execute_all, deny_on_first_deny or permit_on_first_permit");
    };
  }

  /** A bad item is false for that item alone. Answers the decision. */
  private boolean item(
      Item item, Item defaults, EnforcementPoint asker, Instant now, JsonGenerator json)
      throws IOException {
    Evaluation evaluation;
    try {
      if (!item.isObject) {
        throw Evaluation.malformed("an evaluation must be an object");
      }
      evaluation = Evaluation.of(item, defaults);
    } catch (Refusal refusal) {
      json.writeStartObject();
      json.writeBooleanField("decision", false);
      json.writeObjectFieldStart("context");
      json.writeObjectFieldStart("error");
      json.writeNumberField("status", CommonProblem.MALFORMED.status());
      json.writeStringField("message", refusal.detail());
      json.writeEndObject();
      json.writeEndObject();
      json.writeEndObject();
      return false;
    }
    return answer(evaluation, asker, now, json);
  }

  private void answer(
      Item item, Item defaults, EnforcementPoint asker, Instant now, JsonGenerator json)
      throws IOException {
    answer(Evaluation.of(item, defaults), asker, now, json);
  }

  private boolean answer(
      Evaluation evaluation, EnforcementPoint asker, Instant now, JsonGenerator json)
      throws IOException {
    if (!evaluation.action().equals(Meanings.CONNECT)) {
      return meaningless("action.name: only connect is known", json);
    }
    if (!evaluation.resourceType().equals(Meanings.SERVICE)) {
      return meaningless("resource.type: only service is known", json);
    }
    RequestedFlow flow = evaluation.flow();
    if (flow == null) {
      return meaningless(Meanings.FLOW, json);
    }
    return switch (evaluation.subjectType()) {
      case Meanings.DEVICE -> {
        UUID device = Meanings.device(evaluation.subjectId());
        yield device == null
            ? meaningless("unknown device: subject.id is not a device id", json)
            : guards(asker, Optional.of(device), flow)
                ? answer(decisions.decide(device, flow, Meanings.actor(asker)), now, json)
                : meaningless(NOT_GUARDED, json);
      }
      case Meanings.CERTIFICATE -> {
        Digest thumbprint = Meanings.thumbprint(evaluation.subjectId());
        yield thumbprint == null
            ? meaningless(
                "unknown certificate: subject.id is not a SHA-256 thumbprint in hex or base64url",
                json)
            : guards(asker, decisions.holder(thumbprint), flow)
                ? answer(decisions.decide(thumbprint, flow, Meanings.actor(asker)), now, json)
                : meaningless(NOT_GUARDED, json);
      }
      default -> meaningless("subject.type: only device and certificate are known", json);
    };
  }

  /** A point sees only what it guards. An unknown device is for the decision to name. */
  private boolean guards(EnforcementPoint asker, Optional<UUID> device, RequestedFlow flow) {
    return asker.settings().guardsPeer(flow.peer())
        && (asker.settings().sites().isEmpty()
            || asker.settings().guardsSite(device.flatMap(decisions::site).orElse(null)));
  }

  private static boolean answer(Decision decision, Instant now, JsonGenerator json)
      throws IOException {
    Verdict verdict = decision.verdict();
    json.writeStartObject();
    json.writeBooleanField("decision", decision.permit());
    json.writeObjectFieldStart("context");
    json.writeStringField("id", decision.id().toString());
    json.writeStringField("effect", word(verdict.effect()));
    texts("reasons", decision.reasons(), json);
    text("policy", verdict.policy(), json);
    text("rule", verdict.rule(), json);
    if (!verdict.observed().isEmpty()) {
      texts("observed", verdict.observed().stream().map(Observed::reason).toList(), json);
    }
    Obligations.write(decision, now, json);
    json.writeEndObject();
    json.writeEndObject();
    return decision.permit();
  }

  private static boolean meaningless(String reason, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeBooleanField("decision", false);
    json.writeObjectFieldStart("context");
    json.writeStringField("effect", word(Effect.NOT_EVALUATED));
    texts("reasons", List.of(reason), json);
    json.writeEndObject();
    json.writeEndObject();
    return false;
  }

  private static void text(String name, @Nullable String value, JsonGenerator json)
      throws IOException {
    if (value != null) {
      json.writeStringField(name, value);
    }
  }

  private static void texts(String name, List<String> values, JsonGenerator json)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (String value : values) {
      json.writeString(value);
    }
    json.writeEndArray();
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

  /** Writes to a generator. */
  private interface Writing {
    void to(JsonGenerator json) throws IOException;
  }

  private static byte[] written(int answers, Writing writing) {
    ByteArrayOutputStream octets = new ByteArrayOutputStream(answers * USUAL);
    try (JsonGenerator json = JSON.createGenerator(octets)) {
      writing.to(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return octets.toByteArray();
  }
}

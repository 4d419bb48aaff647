package io.sallyport.door.authzen;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.decision.FleetSearch;
import io.sallyport.decision.FleetSearch.Found;
import io.sallyport.decision.FleetSearch.Reach;
import io.sallyport.door.authzen.EvaluationReader.Body;
import io.sallyport.door.authzen.EvaluationReader.Part;
import io.sallyport.door.authzen.EvaluationReader.Shape;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Effect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Turns AuthZEN searches (Authorization API 1.0 §8) into what the decision point permits. The id of what is searched for is
 * ignored; what means nothing here finds nothing. A page that is not the last has a token; where it is not certain that all
 * is found, it is an error. A point sees only what it guards.
 */
final class Searches {
  private static final int MOST_RESULTS = 1000;
  private static final int HEX_DIGITS = 16;

  private final DecisionPoint decisions;
  private final FleetSearch fleet;

  Searches(DecisionPoint decisions, FleetSearch fleet) {
    this.decisions = decisions;
    this.fleet = fleet;
  }

  /** What a search asks for of its page. */
  private record Asked(@Nullable String token, int limit) {
    static Asked of(Body body) {
      if (body.page == Shape.MISTYPED) {
        throw Evaluation.malformed("page must be an object");
      }
      if (body.token == Shape.MISTYPED) {
        throw Evaluation.malformed("page.token must be a string");
      }
      if (body.limit == 0 || body.limit == EvaluationReader.WRONG) {
        throw Evaluation.malformed("page.limit must be an integer from 1");
      }
      if (body.own.context.shape == Shape.MISTYPED) {
        throw Evaluation.malformed("context must be an object");
      }
      return new Asked(
          body.tokenText.isEmpty() ? null : body.tokenText,
          body.limit == EvaluationReader.NONE ? MOST_RESULTS : Math.min(body.limit, MOST_RESULTS));
    }
  }

  /** Answers {@code POST /access/v1/search/subject}: which devices or certificates may open a flow. May block. */
  Map<String, Object> subjects(Body body, EnforcementPoint asker) {
    Asked page = Asked.of(body);
    String type = type(body.own.subject, "subject");
    String action = action(body.own.action);
    RequestedFlow flow = flow(body.own.resource);
    boolean byCertificate = type.equals(Meanings.CERTIFICATE);
    if (!action.equals(Meanings.CONNECT)
        || flow == null
        || !byCertificate && !type.equals(Meanings.DEVICE)
        || !asker.settings().guardsPeer(flow.peer())) {
      return answer(List.of(), "");
    }
    Reach reach = fleet.permitted(
        flow, asker.settings()::guardsSite, new Place(asker.name(), null), page.token, page.limit);
    List<Map<String, Object>> results = new ArrayList<>();
    for (Found found : reach.found()) {
      if (byCertificate) {
        for (Digest certificate : found.certificates()) {
          results.add(entity(type, certificate.hex()));
        }
      } else {
        results.add(entity(type, found.device().toString()));
      }
    }
    return answer(results, reach.next() == null ? "" : reach.next());
  }

  /** Answers {@code POST /access/v1/search/resource}: which services a device may connect to. */
  Map<String, Object> resources(Body body, EnforcementPoint asker) {
    Asked page = Asked.of(body);
    Part subject = body.own.subject;
    Evaluation.requireEntity(subject, "subject");
    String action = action(body.own.action);
    String type = type(body.own.resource, "resource");
    Decision decision = action.equals(Meanings.CONNECT) && type.equals(Meanings.SERVICE)
        ? decide(subject, null, asker)
        : null;
    // Two wide prefixes may leave the same one of what the point guards.
    Set<Map<String, Object>> results = new LinkedHashSet<>();
    if (decision != null) {
      requireCertain(decision);
      requireClosed(decision);
      for (AllowedFlow flow : decision.verdict().flows()) {
        for (String peer : asker.settings().guarded(flow.peer())) {
          results.add(service(peer, flow));
        }
      }
    }
    return cut(List.copyOf(results), subject.type + " " + subject.id, page);
  }

  /** Answers {@code POST /access/v1/search/action}: whether {@code connect} is permitted. */
  Map<String, Object> actions(Body body, EnforcementPoint asker) {
    Asked.of(body);
    Part subject = body.own.subject;
    Evaluation.requireEntity(subject, "subject");
    RequestedFlow flow = flow(body.own.resource);
    Decision decision = flow == null || !asker.settings().guardsPeer(flow.peer())
        ? null
        : decide(subject, flow, asker);
    if (decision != null) {
      requireCertain(decision);
    }
    return answer(
        decision != null && decision.permit()
            ? List.of(Map.of("name", Meanings.CONNECT))
            : List.of(),
        "");
  }

  /** The type of what is searched for; its id is ignored, whatever it is. */
  private static String type(Part searched, String where) {
    Evaluation.requireObject(searched, where);
    return Evaluation.text(searched.type, where + ".type");
  }

  private static String action(Part action) {
    Evaluation.requireObject(action, "action");
    return Evaluation.text(action.name, "action.name");
  }

  /** Null when the resource is none of ours. */
  private static @Nullable RequestedFlow flow(Part resource) {
    Evaluation.requireEntity(resource, "resource");
    return Meanings.SERVICE.equals(resource.type) ? Meanings.flow(resource) : null;
  }

  /** Null when the subject is none that the point sees. */
  private @Nullable Decision decide(
      Part subject, @Nullable RequestedFlow flow, EnforcementPoint asker) {
    String id = Evaluation.text(subject.id, "subject.id");
    return switch (Evaluation.text(subject.type, "subject.type")) {
      case Meanings.DEVICE -> {
        UUID device = Meanings.device(id);
        yield device != null && guards(asker, Optional.of(device))
            ? decisions.decide(device, flow, Meanings.actor(asker))
            : null;
      }
      case Meanings.CERTIFICATE -> {
        Digest thumbprint = Meanings.thumbprint(id);
        yield thumbprint != null && guards(asker, decisions.holder(thumbprint))
            ? decisions.decide(thumbprint, flow, Meanings.actor(asker))
            : null;
      }
      default -> null;
    };
  }

  private boolean guards(EnforcementPoint asker, Optional<UUID> device) {
    return asker.settings().guardsSite(device.flatMap(decisions::site).orElse(null));
  }

  /** A denial that rests on what is not known says nothing of what is permitted. */
  private static void requireCertain(Decision decision) {
    if (decision.isProvisional() || decision.verdict().effect() == Effect.INDETERMINATE) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE,
          "The search would not be complete: " + decision.reasons().getFirst());
    }
  }

  /** Of a device that is let do whatever it tries there is no list. */
  private static void requireClosed(Decision decision) {
    if (decision.permit() && decision.verdict().isOpen()) {
      throw new Refusal(
          CommonProblem.CONFLICT,
          "The search would not be complete: the device is in a segment in observe mode, which permits what no rule"
              + " does; ask for the flow instead.");
    }
  }

  private static Map<String, Object> service(String peer, AllowedFlow flow) {
    Map<String, Object> properties = new LinkedHashMap<>();
    properties.put("protocol", flow.protocol());
    if (!flow.ports().isEmpty()) {
      properties.put(flow.protocol().equals("icmp") ? "icmp_types" : "ports", flow.ports());
    }
    if (flow.direction() != Direction.FROM_DEVICE) {
      properties.put("direction", Meanings.word(flow.direction()));
    }
    Map<String, Object> service = entity(Meanings.SERVICE, peer);
    service.put("properties", properties);
    return service;
  }

  private static Map<String, Object> entity(String type, String id) {
    Map<String, Object> entity = new LinkedHashMap<>();
    entity.put("type", type);
    entity.put("id", id);
    return entity;
  }

  /** A token names the whole list, so that pages of two lists are never taken for one. */
  private static Map<String, Object> cut(
      List<Map<String, Object>> all, String question, Asked page) {
    String list =
        Digest.of((question + all).getBytes(StandardCharsets.UTF_8)).hex().substring(0, HEX_DIGITS);
    int from = page.token == null ? 0 : from(page.token, list, all.size());
    int to = Math.min(from + page.limit, all.size());
    return answer(all.subList(from, to), to == all.size() ? "" : list + to);
  }

  private static int from(String token, String list, int size) {
    try {
      int from = token.startsWith(list) ? Integer.parseInt(token.substring(HEX_DIGITS)) : -1;
      if (from >= 0 && from <= size) {
        return from;
      }
    } catch (NumberFormatException e) {
      // Answered below.
    }
    throw Evaluation.malformed(
        "page.token is of another search, or what is permitted changed since; begin again without it");
  }

  private static Map<String, Object> answer(List<Map<String, Object>> results, String next) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("page", Map.of("next_token", next, "count", results.size()));
    answer.put("results", results);
    return answer;
  }
}

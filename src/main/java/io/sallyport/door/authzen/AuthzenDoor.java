package io.sallyport.door.authzen;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.FleetSearch;
import io.sallyport.door.Callers;
import io.sallyport.door.Deciding;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.RefusalWriter;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.door.UseCase;
import io.sallyport.door.authzen.EvaluationReader.Body;
import io.sallyport.enforcement.EnforcementPoint;
import io.vertx.core.Handler;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.Priority;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** {@code /access/v1/…} and its metadata, answered from memory on the event loop. */
@Singleton
@Priority(AuthzenDoor.FIRST)
final class AuthzenDoor implements Door {
  /** A router goes through its routes one by one, and these are asked for most. */
  static final int FIRST = 1;

  private static final String EVALUATION = "/access/v1/evaluation";
  private static final String EVALUATIONS = "/access/v1/evaluations";
  private static final String SUBJECTS = "/access/v1/search/subject";
  private static final String RESOURCES = "/access/v1/search/resource";
  private static final String ACTIONS = "/access/v1/search/action";
  private static final String METADATA = "/.well-known/authzen-configuration";
  /** One question with generous properties. */
  private static final int MOST_BYTES = 16 * 1024;
  /** {@link Evaluator#MOST_EVALUATIONS} questions of usual size. */
  private static final int MOST_BATCH_BYTES = 64 * 1024;
  /** An error body is a string (AuthZEN 1.0 §10.1.4). */
  private static final RefusalWriter ERRORS =
      (problem, detail) -> Reply.text(problem.status(), detail);

  private static final Map<String, String> HEADERS =
      Map.of("Content-Type", "application/json", "Cache-Control", "no-store");

  private final Evaluator evaluator;
  private final Searches searches;
  private final Callers callers;
  private final Exchanges exchanges;
  private final Deciding deciding;
  private final AuthzenSettings settings;

  AuthzenDoor(
      DecisionPoint decisions,
      FleetSearch fleet,
      Callers callers,
      Exchanges exchanges,
      Deciding deciding,
      AuthzenSettings settings,
      Clock clock) {
    this.evaluator = new Evaluator(decisions, clock);
    this.searches = new Searches(decisions, fleet);
    this.callers = callers;
    this.exchanges = exchanges;
    this.deciding = deciding;
    this.settings = settings;
  }

  @Override
  public void mount(Router router) {
    router
        .post(EVALUATION)
        .handler(deciding.handler(MOST_BYTES, answering(evaluator::evaluation), ERRORS));
    router
        .post(EVALUATIONS)
        .handler(deciding.handler(MOST_BATCH_BYTES, answering(evaluator::evaluations), ERRORS));
    router
        .post(RESOURCES)
        .handler(deciding.handler(MOST_BYTES, searching(searches::resources), ERRORS));
    router
        .post(ACTIONS)
        .handler(deciding.handler(MOST_BYTES, searching(searches::actions), ERRORS));
    // Goes through the fleet, which is no work for an event loop.
    router
        .post(SUBJECTS)
        .handler(exchanges.handler(
            MOST_BYTES, deciding.recorded(searching(searches::subjects)), ERRORS));
    router.get(METADATA).handler(exchanges.direct(MOST_BYTES, this::metadata, ERRORS));
    router.route(EVALUATION).handler(notAllowed("POST"));
    router.route(EVALUATIONS).handler(notAllowed("POST"));
    List.of(SUBJECTS, RESOURCES, ACTIONS)
        .forEach(path -> router.route(path).handler(notAllowed("POST")));
    router.route(METADATA).handler(notAllowed("GET"));
  }

  static void requireJson(Request request) {
    if (!request.mediaType().equals("application/json")) {
      throw Evaluation.malformed("Content-Type must be application/json");
    }
  }

  private UseCase answering(BiFunction<byte[], EnforcementPoint, byte[]> question) {
    return request -> {
      EnforcementPoint asker = callers.enforcementPoint(request);
      requireJson(request);
      return new Reply(200, HEADERS, question.apply(request.body(), asker));
    };
  }

  private UseCase searching(BiFunction<Body, EnforcementPoint, Map<String, Object>> question) {
    return request -> {
      EnforcementPoint asker = callers.enforcementPoint(request);
      requireJson(request);
      return Reply.json(200, question.apply(EvaluationReader.read(request.body(), 0), asker))
          .with("Cache-Control", "no-store");
    };
  }

  private Reply metadata(Request request) {
    String base = settings.policyDecisionPoint();
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("policy_decision_point", base);
    body.put("access_evaluation_endpoint", base + EVALUATION);
    body.put("access_evaluations_endpoint", base + EVALUATIONS);
    body.put("search_subject_endpoint", base + SUBJECTS);
    body.put("search_resource_endpoint", base + RESOURCES);
    body.put("search_action_endpoint", base + ACTIONS);
    return Reply.json(200, body);
  }

  private Handler<RoutingContext> notAllowed(String allow) {
    return exchanges.methodNotAllowed(allow, ERRORS);
  }
}

package io.sallyport.door.signals;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.door.Callers;
import io.sallyport.door.Door;
import io.sallyport.door.Exchanges;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.door.UseCase;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.SecurityEvents;
import io.sallyport.enforcement.SecurityEvents.SecurityEvent;
import io.sallyport.enforcement.SecurityEvents.Type;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * {@code /signals/v1/…} and {@code /.well-known/ssf-configuration}. A receiver is an enforcement point of kind {@code
 * signals} and has one stream, which an operator sets up; it polls (RFC 8936) or is pushed to (RFC 8935).
 */
@Singleton
final class SignalsDoor implements Door {
  private static final String METADATA = "/.well-known/ssf-configuration";
  private static final String STREAM = "/signals/v1/stream";
  private static final String STATUS = "/signals/v1/status";
  private static final String VERIFY = "/signals/v1/verify";
  private static final String POLL = "/signals/v1/poll";
  private static final String KEYS = "/signals/v1/jwks";

  /** Acknowledgements of {@link #MOST_EVENTS} tokens with their errors. */
  private static final int MOST_BYTES = 64 * 1024;

  private static final int MOST_EVENTS = 100;
  private static final Pattern CANONICAL_UUID =
      Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
  private static final int LONGEST_STATE = 128;

  private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(8).build())
          .build())
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build();

  private final Exchanges exchanges;
  private final Callers callers;
  private final SecurityEvents events;
  private final EventTokens tokens;
  private final SignalsSettings settings;
  private final Audit audit;
  private final Ids ids;

  SignalsDoor(
      Exchanges exchanges,
      Callers callers,
      SecurityEvents events,
      EventTokens tokens,
      SignalsSettings settings,
      Audit audit,
      Ids ids) {
    this.exchanges = exchanges;
    this.callers = callers;
    this.events = events;
    this.tokens = tokens;
    this.settings = settings;
    this.audit = audit;
    this.ids = ids;
  }

  @Override
  public void mount(Router router) {
    on(router, HttpMethod.GET, METADATA, this::metadata);
    on(
        router,
        HttpMethod.GET,
        KEYS,
        request -> Reply.of(
            200,
            "application/jwk-set+json",
            tokens.keySet().getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    router.get(STREAM).handler(exchanges.handler(MOST_BYTES, this::stream, Reply::problem));
    router.route(STREAM).handler(exchanges.handler(MOST_BYTES, this::notHere, Reply::problem));
    router.get(STATUS).handler(exchanges.handler(MOST_BYTES, this::status, Reply::problem));
    router.route(STATUS).handler(exchanges.handler(MOST_BYTES, this::notHere, Reply::problem));
    on(router, HttpMethod.POST, VERIFY, this::verify);
    on(router, HttpMethod.POST, POLL, this::poll);
  }

  private void on(Router router, HttpMethod method, String path, UseCase useCase) {
    router.route(method, path).handler(exchanges.handler(MOST_BYTES, useCase, Reply::problem));
    router.route(path).handler(exchanges.methodNotAllowed(method.name(), Reply::problem));
  }

  private Reply metadata(Request request) {
    String base = settings.issuer();
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("spec_version", "1_0");
    body.put("issuer", base);
    body.put("jwks_uri", base + KEYS);
    body.put("delivery_methods_supported", List.of("urn:ietf:rfc:8935", "urn:ietf:rfc:8936"));
    body.put("configuration_endpoint", base + STREAM);
    body.put("status_endpoint", base + STATUS);
    body.put("verification_endpoint", base + VERIFY);
    body.put("default_subjects", "ALL");
    return Reply.json(200, body);
  }

  /** SSF §8.1.1.2. */
  private Reply stream(Request request) {
    EnforcementPoint point = receiver(request);
    requireOwn(point, request);
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("stream_id", point.id().toString());
    body.put("iss", settings.issuer());
    body.put("aud", EventTokens.audience(point));
    body.put(
        "events_supported",
        List.of(
            EventTokens.uri(Type.SESSION_REVOKED), EventTokens.uri(Type.DEVICE_COMPLIANCE_CHANGE)));
    body.put(
        "events_delivered",
        List.of(
            EventTokens.uri(Type.SESSION_REVOKED), EventTokens.uri(Type.DEVICE_COMPLIANCE_CHANGE)));
    String push = point.settings().parameters().get("push");
    body.put(
        "delivery",
        push == null
            ? Map.of("method", "urn:ietf:rfc:8936", "endpoint_url", settings.issuer() + POLL)
            : Map.of("method", "urn:ietf:rfc:8935", "endpoint_url", push));
    return Reply.json(200, body);
  }

  private Reply status(Request request) {
    EnforcementPoint point = receiver(request);
    requireOwn(point, request);
    return Reply.json(200, Map.of("stream_id", point.id().toString(), "status", "enabled"));
  }

  private Reply notHere(Request request) {
    receiver(request);
    throw new Refusal(
        CommonProblem.NOT_SUPPORTED,
        "Streams are set up and changed by an operator, with the enforcement point; read yours with GET.");
  }

  /** SSF §8.1.4. */
  private Reply verify(Request request) {
    EnforcementPoint point = receiver(request);
    JsonNode body = object(request);
    if (!body.path("stream_id").asText("").equals(point.id().toString())) {
      throw refuse(point, CommonProblem.NOT_FOUND, "This receiver has no such stream.");
    }
    JsonNode state = body.path("state");
    if (!state.isMissingNode()
        && (!state.isTextual() || state.textValue().length() > LONGEST_STATE)) {
      throw refuse(
          point,
          CommonProblem.MALFORMED,
          "state must be a string of at most " + LONGEST_STATE + " characters.");
    }
    events.add(
        point,
        point.id(),
        Type.VERIFICATION,
        state.isTextual() ? Map.of("state", state.textValue()) : Map.of(),
        ids.next(),
        null);
    return new Reply(204, Map.of(), new byte[0]);
  }

  /** RFC 8936 §2. */
  private Reply poll(Request request) {
    EnforcementPoint point = receiver(request);
    if (point.settings().parameters().containsKey("push")) {
      throw refuse(
          point, CommonProblem.CONFLICT, "This receiver's tokens are pushed; there is no poll.");
    }
    JsonNode body = object(request);
    int most = most(point, body.path("maxEvents"));
    events.taken(point.id(), ids(point, body.path("ack")), "taken by poll");
    JsonNode errors = body.path("setErrs");
    if (!errors.isMissingNode()) {
      refusedByReceiver(point, errors);
    }
    Map<String, Object> sets = new LinkedHashMap<>();
    List<SecurityEvent> waiting = most == 0 ? List.of() : events.waiting(point.id(), most + 1);
    waiting.stream()
        .limit(most)
        .forEach(event -> sets.put(event.id().toString(), tokens.token(event)));
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("sets", sets);
    answer.put("moreAvailable", waiting.size() > most);
    return Reply.json(200, answer).with("Cache-Control", "no-store");
  }

  private int most(EnforcementPoint point, JsonNode asked) {
    if (asked.isMissingNode()) {
      return MOST_EVENTS;
    }
    if (!asked.isInt() || asked.intValue() < 0) {
      throw refuse(
          point, CommonProblem.MALFORMED, "maxEvents must be a whole number, zero or more.");
    }
    return Math.min(asked.intValue(), MOST_EVENTS);
  }

  /** A token that the receiver cannot use is not sent again (RFC 8936 §2.4), and people are told. */
  private void refusedByReceiver(EnforcementPoint point, JsonNode errors) {
    if (!errors.isObject()) {
      throw refuse(point, CommonProblem.MALFORMED, "setErrs must be an object.");
    }
    List<UUID> refused = new ArrayList<>();
    errors.fieldNames().forEachRemaining(name -> refused.add(id(point, name)));
    refused.forEach(id -> audit.recordRefusal(Fact.of(
            "security-event.refused", Actor.enforcementPoint(point.name()), "security-event", id)
        .with("error", printable(errors.path(id.toString()).path("err").asText("")))));
    events.taken(point.id(), refused, "refused by the receiver");
  }

  private static String printable(String text) {
    String clean = text.replaceAll("[^\\x20-\\x7e]", "?");
    return clean.length() <= LONGEST_STATE ? clean : clean.substring(0, LONGEST_STATE);
  }

  private List<UUID> ids(EnforcementPoint point, JsonNode array) {
    if (array.isMissingNode()) {
      return List.of();
    }
    if (!array.isArray()) {
      throw refuse(point, CommonProblem.MALFORMED, "ack must be an array of jti values.");
    }
    List<UUID> taken = new ArrayList<>();
    array.forEach(each -> taken.add(id(point, each.asText(""))));
    return taken;
  }

  private UUID id(EnforcementPoint point, String text) {
    if (!CANONICAL_UUID.matcher(text).matches()) {
      throw refuse(point, CommonProblem.MALFORMED, "A jti is a UUID in lower case.");
    }
    return UUID.fromString(text);
  }

  private JsonNode object(Request request) {
    if (!request.mediaType().equals("application/json")) {
      throw new Refusal(
          CommonProblem.UNSUPPORTED_MEDIA_TYPE, "Send the request as application/json.");
    }
    JsonNode body;
    try {
      body = JSON.readTree(request.body());
    } catch (IOException e) {
      body = MissingNode.getInstance();
    }
    if (!body.isObject()) {
      throw new Refusal(CommonProblem.MALFORMED, "The body must be one JSON object.");
    }
    return body;
  }

  private void requireOwn(EnforcementPoint point, Request request) {
    String asked = request.query().get("stream_id");
    if (asked != null && !asked.equals(point.id().toString())) {
      throw refuse(point, CommonProblem.NOT_FOUND, "This receiver has no such stream.");
    }
  }

  private EnforcementPoint receiver(Request request) {
    EnforcementPoint point = callers.enforcementPoint(request);
    if (point.kind() != PointKind.SIGNALS) {
      throw refuse(
          point,
          CommonProblem.FORBIDDEN,
          "Only an enforcement point of kind signals receives security events.");
    }
    return point;
  }

  /** Law 8: what a registered point is refused stands in the log. */
  private Refusal refuse(EnforcementPoint point, CommonProblem problem, String detail) {
    audit.recordRefusal(Fact.of(
            "enforcement-point.refused",
            Actor.enforcementPoint(point.name()),
            "enforcement-point",
            point.id())
        .with("problem", problem.slug()));
    return new Refusal(problem, detail);
  }
}

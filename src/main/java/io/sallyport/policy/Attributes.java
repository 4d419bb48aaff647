package io.sallyport.policy;

import dev.cel.runtime.CelVariableResolver;
import io.sallyport.devices.DeviceState;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.Signalled;
import io.sallyport.policy.Question.Subject;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A question's values for conditions, made when a condition first asks for them. Posture that is missing or expired is
 * unknown to CEL, so a condition that needs it is neither true nor false. For one thread.
 */
final class Attributes implements CelVariableResolver {
  /** What a condition can name, and where its value comes from. */
  static final Map<String, String> SOURCES = Map.of(
      "device",
      "device",
      "posture",
      "appraisal",
      "time",
      "question",
      "location",
      "question",
      "signals",
      "signal");

  private final Question question;
  private final @Nullable Posture posture;
  private @Nullable Map<String, Object> device;
  private @Nullable Map<String, Object> postureValues;

  Attributes(Question question) {
    this.question = question;
    Posture given = question.posture();
    this.posture = given != null && given.expiresAt().isAfter(question.time()) ? given : null;
  }

  /** The posture that counts now, or null. */
  @Nullable
  Posture posture() {
    return posture;
  }

  Subject subject() {
    return question.subject();
  }

  Instant time() {
    return question.time();
  }

  /** What is reported of the device and not over. */
  List<Signalled> signals() {
    return question.signals().stream()
        .filter(signal -> signal.until().isAfter(question.time()))
        .toList();
  }

  /** No policy lets a quarantined device through: what a policy has for it is its quarantine network. */
  boolean quarantined() {
    return question.subject().state().equals(DeviceState.QUARANTINED.word());
  }

  /** Why there is no posture, in words. */
  String postureMissing() {
    Posture given = question.posture();
    return given == null
        ? "the device has no appraisal"
        : "the device's appraisal expired at " + given.expiresAt();
  }

  @Override
  public Optional<Object> find(String name) {
    return switch (name) {
      case "device" -> Optional.of(device());
      case "posture" -> Optional.ofNullable(postureValues());
      case "time" -> Optional.of(question.time());
      case "location" -> location();
      case "signals" -> Optional.of(signalValues());
      default -> Optional.empty();
    };
  }

  private Map<String, Object> device() {
    Map<String, Object> values = device;
    if (values == null) {
      Subject subject = question.subject();
      values = Map.of(
          "id", subject.id(),
          "manufacturer", subject.manufacturer(),
          "model", subject.model(),
          "serial_number", subject.serialNumber(),
          "profile", subject.profile(),
          "owner", subject.owner(),
          "site", subject.site(),
          "labels", subject.labels(),
          "state", subject.state());
      device = values;
    }
    return values;
  }

  /** Where the device is met; what is not known is missing, so a condition on it is neither true nor false. */
  private Optional<Object> location() {
    Map<String, Object> values = new HashMap<>();
    if (question.place().point() != null) {
      values.put("point", question.place().point());
    }
    if (question.place().address() != null) {
      values.put("address", question.place().address());
    }
    return values.isEmpty() ? Optional.empty() : Optional.of(values);
  }

  private List<Map<String, Object>> signalValues() {
    return signals().stream()
        .map(signal -> Map.<String, Object>of(
            "kind", signal.kind(),
            "claim", signal.claim(),
            "severity", signal.severity(),
            "until", signal.until()))
        .toList();
  }

  private @Nullable Map<String, Object> postureValues() {
    if (postureValues == null && posture != null) {
      Map<String, Object> values = new HashMap<>();
      Map<String, Object> observed = new TreeMap<>();
      posture.observed().forEach((name, value) -> observed.put(name, celValue(value)));
      observed.forEach((name, value) -> nest(values, name, value));
      Map<String, Object> claims = new HashMap<>();
      posture
          .claims()
          .forEach((name, claim) ->
              claims.put(name, Map.of("tier", claim.tier(), "assurance", claim.assurance())));
      values.put("observed", observed);
      values.put("claims", claims);
      values.put("status", posture.status());
      postureValues = values;
    }
    return postureValues;
  }

  /** Puts {@code a.b.c} as fields within fields. Names come sorted, so of {@code a} and {@code a.b} the longer stays. */
  @SuppressWarnings("unchecked")
  private static void nest(Map<String, Object> values, String name, Object value) {
    Map<String, Object> inner = values;
    int from = 0;
    for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', from)) {
      String field = name.substring(from, dot);
      if (!(inner.get(field) instanceof HashMap)) {
        inner.put(field, new HashMap<String, Object>());
      }
      inner = (Map<String, Object>) inner.get(field);
      from = dot + 1;
    }
    inner.put(name.substring(from), value);
  }

  private static Object celValue(Object value) {
    return switch (value) {
      case Integer number -> number.longValue();
      case Short number -> number.longValue();
      case Byte number -> number.longValue();
      case Float number -> number.doubleValue();
      default -> value;
    };
  }
}

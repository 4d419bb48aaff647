package io.sallyport.decision;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.Question;
import io.sallyport.policy.Question.Described;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Signalled;
import io.sallyport.policy.Question.Subject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A device as the policies saw it when they were asked: all of a {@link Question} but flow, time and place, which stand in
 * the decision itself. The same inputs have the same text, so they are kept once.
 *
 * @param hash SHA-256 over {@code body}
 * @param body JSON in ASCII; its {@code v} says how it is read
 */
record Inputs(Digest hash, String body) {
  /** Labels and what evidence says are bounded where they come in, to far less; what is larger is not replayed. */
  static final int MOST_CHARACTERS = 64 * 1024;

  private static final int VERSION = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What inputs say. */
  record Snapshot(Subject subject, @Nullable Posture posture, List<Signalled> signals) {
    Snapshot {
      signals = List.copyOf(signals);
    }

    UUID device() {
      return UUID.fromString(subject.id());
    }

    Question question(@Nullable RequestedFlow flow, Instant time, Place place) {
      return new Question(subject, posture, flow, time, place, signals);
    }
  }

  static Inputs of(Question question) {
    String body = JsonText.write(json -> {
      json.writeStartObject();
      json.writeNumberField("v", VERSION);
      subject(json, question.subject());
      Posture posture = question.posture();
      if (posture != null) {
        posture(json, posture);
      }
      if (!question.signals().isEmpty()) {
        json.writeArrayFieldStart("signals");
        for (Signalled signal : question.signals()) {
          strings(
              json,
              signal.kind(),
              signal.claim(),
              signal.severity(),
              signal.until().toString());
        }
        json.writeEndArray();
      }
      json.writeEndObject();
    });
    return of(body);
  }

  static Inputs of(String body) {
    return new Inputs(Digest.of(body.getBytes(StandardCharsets.US_ASCII)), body);
  }

  private static void subject(JsonGenerator json, Subject subject) throws IOException {
    json.writeObjectFieldStart("subject");
    json.writeStringField("id", subject.id());
    json.writeStringField("manufacturer", subject.manufacturer());
    json.writeStringField("model", subject.model());
    json.writeStringField("serial", subject.serialNumber());
    json.writeStringField("profile", subject.profile());
    json.writeStringField("owner", subject.owner());
    json.writeStringField("site", subject.site());
    json.writeStringField("state", subject.state());
    json.writeObjectFieldStart("labels");
    for (Map.Entry<String, String> label : new TreeMap<>(subject.labels()).entrySet()) {
      json.writeStringField(label.getKey(), label.getValue());
    }
    json.writeEndObject();
    Set<String> policies = subject.policies();
    if (policies != null) {
      json.writeFieldName("policies");
      strings(json, new TreeSet<>(policies).toArray(String[]::new));
    }
    json.writeEndObject();
  }

  private static void posture(JsonGenerator json, Posture posture) throws IOException {
    json.writeObjectFieldStart("posture");
    json.writeStringField("status", posture.status());
    json.writeStringField("expires", posture.expiresAt().toString());
    json.writeObjectFieldStart("claims");
    for (Map.Entry<String, PostureClaim> claim : new TreeMap<>(posture.claims()).entrySet()) {
      json.writeFieldName(claim.getKey());
      strings(json, claim.getValue().tier(), claim.getValue().assurance());
    }
    json.writeEndObject();
    json.writeFieldName("observed");
    value(json, posture.observed());
    json.writeEndObject();
  }

  private static void value(JsonGenerator json, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> json.writeNull();
      case Map<?, ?> map -> {
        json.writeStartObject();
        for (Map.Entry<?, ?> field : new TreeMap<Object, Object>(map).entrySet()) {
          json.writeFieldName(String.valueOf(field.getKey()));
          value(json, field.getValue());
        }
        json.writeEndObject();
      }
      case List<?> list -> {
        json.writeStartArray();
        for (Object element : list) {
          value(json, element);
        }
        json.writeEndArray();
      }
      // As a condition sees it.
      case Float number -> json.writeNumber(number.doubleValue());
      default -> JSON.writeValue(json, value);
    }
  }

  private static void strings(JsonGenerator json, String... values) throws IOException {
    json.writeStartArray();
    for (String value : values) {
      json.writeString(value);
    }
    json.writeEndArray();
  }

  /** Reads what {@link #of(Question)} wrote; throws {@link IllegalArgumentException} for anything else. */
  static Snapshot read(String body) {
    try {
      JsonNode json = JSON.readTree(body);
      if (json.path("v").asInt() != VERSION) {
        throw new IllegalArgumentException("inputs of version " + json.path("v"));
      }
      List<Signalled> signals = new ArrayList<>();
      for (JsonNode signal : json.path("signals")) {
        signals.add(new Signalled(
            signal.path(0).asText(),
            signal.path(1).asText(),
            signal.path(2).asText(),
            Instant.parse(signal.path(3).asText())));
      }
      return new Snapshot(
          subject(json.path("subject")),
          json.has("posture") ? posture(json.path("posture")) : null,
          signals);
    } catch (JsonProcessingException | DateTimeException e) {
      throw new IllegalArgumentException("no inputs of a decision", e);
    }
  }

  private static Subject subject(JsonNode json) {
    Map<String, String> labels = new HashMap<>();
    json.path("labels")
        .properties()
        .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
    Set<String> policies = null;
    if (json.has("policies")) {
      policies = new HashSet<>();
      for (JsonNode policy : json.path("policies")) {
        policies.add(policy.asText());
      }
    }
    return new Described(
        json.path("id").asText(),
        json.path("manufacturer").asText(),
        json.path("model").asText(),
        json.path("serial").asText(),
        json.path("profile").asText(),
        json.path("owner").asText(),
        json.path("site").asText(),
        labels,
        json.path("state").asText(),
        policies);
  }

  private static Posture posture(JsonNode json) throws JsonProcessingException {
    Map<String, PostureClaim> claims = new HashMap<>();
    json.path("claims")
        .properties()
        .forEach(claim -> claims.put(
            claim.getKey(),
            new PostureClaim(
                claim.getValue().path(0).asText(), claim.getValue().path(1).asText())));
    Map<String, Object> observed = new HashMap<>();
    for (Map.Entry<String, JsonNode> value : json.path("observed").properties()) {
      observed.put(value.getKey(), JSON.treeToValue(value.getValue(), Object.class));
    }
    return new Posture(
        json.path("status").asText(),
        claims,
        observed,
        Instant.parse(json.path("expires").asText()));
  }
}

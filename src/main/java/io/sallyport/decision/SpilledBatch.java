package io.sallyport.decision;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.decision.DecisionRow.Keys;
import io.sallyport.kernel.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Decisions that go into the database together.
 *
 * @param id the same for all attempts, so that they are there once
 */
record SpilledBatch(UUID id, List<DecisionRow> rows) {
  private static final int VERSION = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  SpilledBatch {
    rows = List.copyOf(rows);
  }

  /** JSON in ASCII; inputs that several share stand in it once. */
  byte[] octets() {
    Map<String, String> bodies = new TreeMap<>();
    for (DecisionRow row : rows) {
      if (row.inputs() != null) {
        bodies.put(row.inputs().hash().hex(), row.inputs().body());
      }
    }
    return JsonText.write(json -> {
          json.writeStartObject();
          json.writeNumberField("v", VERSION);
          json.writeStringField("id", id.toString());
          json.writeObjectFieldStart("inputs");
          for (Map.Entry<String, String> body : bodies.entrySet()) {
            json.writeStringField(body.getKey(), body.getValue());
          }
          json.writeEndObject();
          json.writeArrayFieldStart("rows");
          for (DecisionRow row : rows) {
            write(json, row);
          }
          json.writeEndArray();
          json.writeEndObject();
        })
        .getBytes(StandardCharsets.US_ASCII);
  }

  private static void write(JsonGenerator json, DecisionRow row) throws IOException {
    Keys keys = row.keys();
    json.writeStartArray();
    json.writeString(row.id().toString());
    json.writeString(row.at().toString());
    json.writeString(row.askedBy());
    json.writeObject(row.device() == null ? null : row.device().toString());
    json.writeString(row.question());
    json.writeBoolean(row.permit());
    json.writeString(row.reasons());
    json.writeString(row.policyHash());
    json.writeObject(row.appraisal() == null ? null : row.appraisal().toString());
    json.writeString(keys.effect());
    json.writeString(keys.cause());
    json.writeString(keys.rule());
    json.writeString(keys.peer());
    json.writeString(keys.protocol());
    json.writeObject(keys.port());
    json.writeString(row.inputs() == null ? null : row.inputs().hash().hex());
    json.writeEndArray();
  }

  /** Reads what {@link #octets} wrote; throws {@link IllegalArgumentException} for anything else. */
  static SpilledBatch read(byte[] octets) {
    try {
      JsonNode json = JSON.readTree(octets);
      if (json.path("v").asInt() != VERSION) {
        throw new IllegalArgumentException("decisions of version " + json.path("v"));
      }
      List<DecisionRow> rows = new ArrayList<>();
      for (JsonNode row : json.path("rows")) {
        rows.add(row(row, json.path("inputs")));
      }
      return new SpilledBatch(UUID.fromString(json.path("id").asText()), rows);
    } catch (IOException | DateTimeException e) {
      throw new IllegalArgumentException("no decisions", e);
    }
  }

  private static DecisionRow row(JsonNode row, JsonNode bodies) {
    String device = text(row, 3);
    String appraisal = text(row, 8);
    String inputs = text(row, 15);
    return new DecisionRow(
        UUID.fromString(row.path(0).asText()),
        Instant.parse(row.path(1).asText()),
        row.path(2).asText(),
        device == null ? null : UUID.fromString(device),
        row.path(4).asText(),
        row.path(5).asBoolean(),
        row.path(6).asText(),
        row.path(7).asText(),
        appraisal == null ? null : UUID.fromString(appraisal),
        new Keys(
            row.path(9).asText(),
            row.path(10).asText(),
            text(row, 11),
            text(row, 12),
            text(row, 13),
            row.path(14).isInt() ? row.path(14).asInt() : null),
        inputs == null
            ? null
            : new Inputs(Digest.ofHex(inputs), bodies.path(inputs).asText()));
  }

  private static @Nullable String text(JsonNode row, int column) {
    return row.path(column).isTextual() ? row.path(column).asText() : null;
  }
}

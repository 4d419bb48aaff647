package io.sallyport.decision;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question.RequestedFlow;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A decision as it is logged. What came from outside is JSON in ASCII, so that no character of it can spoil a line, and
 * the same line comes out of the columns again.
 *
 * @param at to the microsecond
 * @param question a JSON object
 * @param reasons a JSON array
 */
record DecisionRow(
    UUID id,
    Instant at,
    String askedBy,
    @Nullable UUID device,
    String question,
    boolean permit,
    String reasons,
    String policyHash,
    @Nullable UUID appraisal) {
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  /** Writes something to a generator. */
  private interface Writing {
    void to(JsonGenerator json) throws IOException;
  }

  static DecisionRow of(
      Decision decision,
      @Nullable Digest thumbprint,
      @Nullable RequestedFlow flow,
      Instant at,
      Actor asker) {
    return new DecisionRow(
        decision.id(),
        at.truncatedTo(ChronoUnit.MICROS),
        asker.toString(),
        decision.device(),
        question(thumbprint, flow),
        decision.permit(),
        array(decision.reasons()),
        decision.verdict().policyHash(),
        decision.appraisal());
  }

  /** The canonical line: a JSON array of the columns in order, as strings, and a line feed. */
  String line() {
    return array(List.of(
            id.toString(),
            at.toString(),
            askedBy,
            Objects.toString(device, ""),
            question,
            Boolean.toString(permit),
            reasons,
            policyHash,
            Objects.toString(appraisal, "")))
        + "\n";
  }

  /** SHA-256 over the canonical lines, in order. */
  static Digest digest(List<DecisionRow> rows) {
    return Digest.of(rows.stream()
        .map(row -> row.line().getBytes(StandardCharsets.US_ASCII))
        .toArray(byte[][]::new));
  }

  private static String question(@Nullable Digest thumbprint, @Nullable RequestedFlow flow) {
    return write(json -> {
      json.writeStartObject();
      if (thumbprint != null) {
        json.writeStringField("thumbprint", thumbprint.hex());
      }
      if (flow != null) {
        json.writeStringField("peer", flow.peer());
        json.writeStringField("protocol", flow.protocol());
        json.writeNumberField("port", flow.port());
        if (flow.protocol().equals("icmp") && flow.port() != 0) {
          json.writeStringField(
              "icmp_type", IcmpTypes.text(flow.port(), flow.peer()).orElse(""));
        }
      }
      json.writeEndObject();
    });
  }

  private static String array(List<String> values) {
    return write(json -> {
      json.writeStartArray();
      for (String value : values) {
        json.writeString(value);
      }
      json.writeEndArray();
    });
  }

  private static String write(Writing writing) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      writing.to(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }
}
